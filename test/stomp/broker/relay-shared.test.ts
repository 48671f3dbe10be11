import t from 'tap'
import { connect, message } from '../../support/broker.ts'
import { advanceUntil, code, relayTo } from '../../support/relay.ts'

t.test('shared mode: operations that wait are not done for a client that has gone', async (t) => {
  const world = await relayTo(t, { mode: 'shared' })
  const shared = await world.fake.connections.next('the shared connection')
  const connection = await connect(world.relay)
  world.fake.manners = { frame: () => {} }
  const first = code(Promise.resolve(connection.publish('/topic/1')))
  const frame = await shared.next('SEND')
  const own = code(Promise.resolve(connection.subscribe('q', '/queue/x', 'client')))
  const topic = code(Promise.resolve(connection.subscribe('t', '/topic/x')))
  const over = code(Promise.resolve(connection.broker.unsubscribe('t')))
  await connection.broker.close()
  shared.receipt(frame)
  t.strictSame([await first, await own, await topic, await over], ['done', 'STOMP_BROKER_UNAVAILABLE', 'STOMP_BROKER_UNAVAILABLE', 'STOMP_BROKER_UNAVAILABLE'])
  t.strictSame([world.relay.stats().connections, world.relay.stats().sharedTopics], [2, 0])
})

t.test('shared mode: the loss of the connection ends all of its clients, and later clients get a new one', async (t) => {
  const world = await relayTo(t, { mode: 'shared' })
  const shared = await world.fake.connections.next('the shared connection')
  const clients = await Promise.all(Array.from({ length: 20 }, () => connect(world.relay)))
  await Promise.all(clients.map((each) => each.subscribe('1', '/topic/x')))
  t.equal(shared.frames.all.filter(({ command }) => command === 'SUBSCRIBE').length, 1, 'one subscription for all')
  t.equal(world.relay.stats().sharedTopics, 1)
  shared.send('MESSAGE', { subscription: 't1', destination: '/topic/x', 'message-id': '1' }, 'to all')
  const publications = new Set<unknown>()
  for (const { sink } of clients) publications.add((await sink.deliveries.next()).publication)
  t.equal(publications.size, 1, 'encoded once')
  for (const each of clients.slice(1)) await each.broker.unsubscribe('1')
  t.equal(shared.frames.all.filter(({ command }) => command === 'UNSUBSCRIBE').length, 0, 'a client is left')
  await clients[0]!.broker.unsubscribe('1')
  await shared.next('UNSUBSCRIBE')
  await Promise.all(clients.map((each) => each.subscribe('2', '/topic/y')))
  shared.socket.destroy()
  for (const { sink } of clients) t.equal((await sink.ends.next()).code, 'STOMP_BROKER_LOST')
  t.equal(world.relay.stats().sharedTopics, 0)
  const next = await advanceUntil(world.clock, connect(world.relay), 100)
  await next.subscribe('1', '/topic/x')
  t.equal(next.sink.ends.all.length, 0)
})

t.test('shared mode: a client\'s operations keep their order over both of its connections', async (t) => {
  const world = await relayTo(t, { mode: 'shared' })
  const shared = await world.fake.connections.next('the shared connection')
  const connection = await connect(world.relay)
  const order: string[] = []
  world.fake.manners = {
    frame: (broker, frame) => {
      order.push(`${broker === shared ? 'shared' : 'own'} ${frame.command} ${frame.headers.get('destination') ?? ''}`.trim())
      if (frame.headers.has('receipt')) setImmediate(() => broker.receipt(frame))
    }
  }
  const done = [
    connection.publish('/topic/1'),
    connection.subscribe('q', '/queue/2', 'client'),
    connection.publish('/topic/3'),
    connection.broker.commit([{ type: 'publish', message: message('/topic/4') }]),
    connection.publish('/topic/5')
  ]
  t.ok(connection.broker.room(), 'the client is held back meanwhile')
  const own = await world.fake.connections.next('its own connection')
  await Promise.all(done)
  t.ok(own)
  t.strictSame(order, ['shared SEND /topic/1', 'own SUBSCRIBE /queue/2', 'shared SEND /topic/3', 'own BEGIN', 'own SEND /topic/4', 'own COMMIT', 'shared SEND /topic/5'])
})
