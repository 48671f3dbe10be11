import t from 'tap'
import { connect, message } from '../../support/broker.ts'
import { advanceUntil, client, code, relayTo } from '../../support/relay.ts'
import { within } from '../../support/wait.ts'

t.test('RELAY-3: each link has heart-beats of its own, and silence ends it', async (t) => {
  const world = await relayTo(t, { heartBeat: [2000, 4000] }, { connected: { 'heart-beat': '4000,2000' } })
  const { connection, link } = await client(world)
  await advanceUntil(world.clock, link.beats.next('a beat'), 100)
  t.ok(world.clock.now() <= 2000, 'in time')
  link.socket.write('\n')
  const lost = connection.sink.ends.next()
  const before = world.clock.now()
  await advanceUntil(world.clock, lost)
  t.ok(world.clock.now() - before >= 7000, `not before two intervals: ${world.clock.now() - before}`)
})

t.test('FACT-9, RELAY-12: a broker that confirms nothing is blocked, and available when it confirms again', async (t) => {
  const world = await relayTo(t, { blockedAfter: 2000, receiptTimeout: 60_000 })
  const { connection, link } = await client(world)
  world.fake.manners = { frame: () => {} }
  const waiting = Promise.resolve(connection.publish('/topic/x'))
  const frame = await link.next('SEND')
  world.clock.advance(3000)
  t.equal(world.relay.state, 'blocked')
  link.receipt(frame)
  await waiting
  t.equal(await world.states.next(), 'available connected to STOMP')
  t.equal(await world.states.next(), 'blocked the broker confirms nothing')
  t.equal(await world.states.next(), 'available the broker confirms again')
  const late = code(Promise.resolve(connection.publish('/topic/x')))
  await link.next('SEND')
  world.clock.advance(60_500)
  t.equal(await late, 'STOMP_BROKER_TIMEOUT')
  t.match(await connection.sink.ends.next(), { code: 'STOMP_BROKER_TIMEOUT' })
})

t.test('RELAY-12: a client whose broker does not read is held back, and given up above the bound', async (t) => {
  const world = await relayTo(t, { highWater: 1024, maxWaiting: 16 * 1024 * 1024 })
  const { connection, link } = await client(world)
  link.socket.pause()
  const body = 'x'.repeat(1024 * 1024)
  const results: Promise<string>[] = []
  t.equal(connection.broker.room(), undefined)
  for (let i = 0; i < 12; i++) results.push(code(Promise.resolve(connection.publish('/topic/x', body))))
  const room = connection.broker.room()
  t.ok(room, 'there is something to wait for')
  link.socket.resume()
  await within(room!, 'room')
  t.strictSame(new Set(await Promise.all(results)), new Set(['done']))
  link.socket.pause()
  for (let i = 0; i < 40 && connection.sink.ends.all.length === 0; i++) results.push(code(Promise.resolve().then(() => connection.publish('/topic/x', body))))
  t.match(await connection.sink.ends.next(), { code: 'STOMP_BROKER_BUSY' })
})

t.test('RELAY-20: while the client takes nothing, the relay reads nothing from the broker', async (t) => {
  const world = await relayTo(t, { receiptTimeout: 4000, blockedAfter: 1000 })
  const { connection, link } = await client(world)
  await connection.subscribe('1', '/queue/x', 'client-individual')
  const give = (n: number): void => link.send('MESSAGE', { subscription: 's1', destination: '/queue/x', 'message-id': String(n), ack: String(n) }, String(n))
  connection.sink.takes = false
  give(0)
  t.strictSame(await connection.sink.next(1), ['0'])
  give(1)
  const waiting = code(Promise.resolve(connection.publish('/topic/y')))
  await world.relay.publish(message('/topic/other'))
  for (let i = 0; i < 10; i++) world.clock.advance(1000)
  t.equal(connection.sink.deliveries.waiting, 0)
  t.equal(world.relay.state, 'available', 'a client that reads slowly does not make the broker blocked')
  connection.sink.takes = true
  connection.broker.resume()
  t.strictSame(await connection.sink.next(1), ['1'])
  t.equal(await waiting, 'done', 'a RECEIPT that was not read is not late')
})

t.test('SEC-S28: the unacknowledged messages of all subscriptions of a client have one limit', async (t) => {
  const world = await relayTo(t, { maxUnacked: 5, prefetch: 3 })
  const { connection, link } = await client(world)
  const granted = async (id: string, asked: Record<string, string> = {}): Promise<string | undefined> => {
    await connection.subscribe(id, '/queue/x', 'client', asked)
    return (await link.next('SUBSCRIBE')).headers.get('prefetch-count')
  }
  t.strictSame([await granted('a'), await granted('b', { 'prefetch-count': '100' }), await granted('c')], ['3', '2', '1'])
  await connection.broker.unsubscribe('a')
  t.equal(await granted('d', { 'prefetch-count': '2' }), '2', 'another subscription gets the credit that was given back')
})

t.test('a listener for the state that throws does not stop the relay', async (t) => {
  const world = await relayTo(t, { reconnect: { min: 50, max: 50 } })
  world.relay.onState(() => { throw new Error('as asked') })
  world.system.socket.destroy()
  await advanceUntil(world.clock, world.fake.connections.next('a new connection'), 50)
  await world.relay.publish(message('/topic/x'))
  t.equal(world.relay.state, 'available')
})

t.test('RELAY-25: messages of the application wait for the broker, within limits', async (t) => {
  const world = await relayTo(t, { maxOutbox: 2, outboxTimeout: 5000, reconnect: { min: 1_000_000, max: 1_000_000, jitter: 0 } })
  await world.fake.stop()
  t.equal(await world.states.next(), 'available connected to STOMP')
  t.equal(await world.states.next(), 'unavailable STOMP_BROKER_LOST', 'RELAY-26: the reason is told')
  const [first, second, third] = ['1', '2', '3'].map((text) => code(world.relay.publish(message('/topic/x', text))))
  t.equal(await third, 'STOMP_BROKER_UNAVAILABLE', 'the outbox is full')
  world.clock.advance(6000)
  t.strictSame([await first, await second], ['STOMP_BROKER_UNAVAILABLE', 'STOMP_BROKER_UNAVAILABLE'], 'they have waited long enough')
  world.clock.advance(990_000)
  await world.fake.restart()
  const kept = code(world.relay.publish(message('/topic/x', 'kept')))
  await advanceUntil(world.clock, connect(world.relay), 1000)
  t.equal(await kept, 'done')
  t.equal(world.relay.state, 'available')
})
