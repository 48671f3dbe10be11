import t from 'tap'
import { refused, textOf } from '../../support/broker.ts'
import { FakeConnection } from '../../support/fake-broker.ts'
import { client, code, relayTo } from '../../support/relay.ts'

t.test('RELAY-7, RELAY-8: RECEIPTs come in any order, also after an ERROR, and an ERROR rejects the frame that it is about', async (t) => {
  const world = await relayTo(t)
  const { connection, link } = await client(world)
  world.fake.manners = { frame: () => {} }
  const first = code(Promise.resolve(connection.publish('/topic/bb', '1')))
  const second = code(Promise.resolve(connection.publish('/topic/b', '2')))
  const third = code(Promise.resolve(connection.publish('/topic/c', '3')))
  const frames = [await link.next('SEND'), await link.next('SEND'), await link.next('SEND')]
  link.receipt(frames[2]!)
  t.equal(await third, 'done')
  link.send('ERROR', { message: 'not_found' }, "NOT_FOUND - no exchange 'b' in vhost '/'\n")
  link.receipt(frames[1]!)
  link.receipt(frames[0]!)
  t.equal(await second, 'STOMP_UNKNOWN_DESTINATION')
  t.equal(await first, 'done')
})

t.test('RELAY-6: an ERROR that belongs to no frame ends the client; one by receipt-id ends only its frame', async (t) => {
  const world = await relayTo(t)
  const { connection, link } = await client(world)
  world.fake.manners = { frame: () => {} }
  const [one, two] = [code(Promise.resolve(connection.publish('/topic/a'))), code(Promise.resolve(connection.publish('/topic/a')))]
  const [first, second] = [await link.next('SEND'), await link.next('SEND')]
  link.send('ERROR', { message: 'java.lang.SecurityException: not authorized', 'receipt-id': second.headers.get('receipt')! }, 'at org.example.Foo\n')
  t.equal(await two, 'STOMP_ACCESS_REFUSED')
  link.receipt(first)
  t.equal(await one, 'done')
  link.send('ERROR', { message: 'whatever' })
  const end = await connection.sink.ends.next()
  t.equal(end.code, 'STOMP_BROKER_REFUSED')
})

t.test('RELAY-17, FACT-4: a race is counted, and no client is told', async (t) => {
  const world = await relayTo(t)
  const { connection, link } = await client(world)
  for (let i = 0; i < 5; i++) link.send('ERROR', { message: 'Subscription not found' }, 'There is no current subscription\n')
  await connection.publish('/topic/x')
  t.equal(connection.sink.ends.all.length, 0)
  t.equal(world.relay.stats().races, 5)
  world.fake.manners = {
    frame: (broker, frame) => {
      if (frame.command === 'UNSUBSCRIBE') broker.send('ERROR', { message: 'No subscription found' })
      else broker.receipt(frame)
    }
  }
  await connection.subscribe('1', '/topic/x')
  await connection.broker.unsubscribe('1')
  await connection.publish('/topic/x')
  t.equal(connection.sink.ends.all.length, 0)
})

t.test('RELAY-24: a subscription that the broker cancels ends alone', async (t) => {
  const world = await relayTo(t)
  const { connection, link } = await client(world)
  await connection.subscribe('one', '/queue/x')
  await connection.subscribe('two', '/topic/x')
  link.send('ERROR', { message: 'Server cancelled subscription', subscription: 's1' })
  t.match(await connection.sink.endedSubscriptions.next(), { key: 'one', error: { code: 'STOMP_SUBSCRIPTION_ENDED', fatal: false } })
  link.send('MESSAGE', { subscription: 's2', destination: '/topic/x', 'message-id': '1' }, 'still here')
  t.equal(textOf(await connection.sink.deliveries.next()), 'still here')
})

for (const [name, end] of [
  ['RELAY-10: a FIN without a word', (link: FakeConnection) => { link.socket.end() }],
  ['RELAY-14: half a frame and a FIN', (link: FakeConnection) => { link.socket.end('MESSAGE\nsubscription:s1\ncontent-le') }],
  ['a reset', (link: FakeConnection) => { link.socket.resetAndDestroy() }],
  ['bytes that are not a frame', (link: FakeConnection) => { link.socket.write('HTTP/1.1 400 Bad Request\r\n\r\n\0') }],
  ['FACT-9: a channel that ends', (link: FakeConnection) => { link.send('ERROR', { message: 'AMQP channel died' }, '{error,secret}\n') }]
] as const) {
  t.test(`SEC-S70, ${name}: the client is told, nothing hangs, and the next client is served`, async (t) => {
    const world = await relayTo(t)
    const { connection, link } = await client(world)
    await connection.subscribe('1', '/topic/x')
    world.fake.manners = { frame: () => {} }
    const waiting = code(Promise.resolve(connection.publish('/topic/x')))
    await link.next('SEND')
    end(link)
    t.match(await connection.sink.ends.next(), { name: 'BrokerError', code: 'STOMP_BROKER_LOST', fatal: true })
    t.equal(await waiting, 'STOMP_BROKER_LOST')
    await refused(t, () => connection.publish('/topic/x'), true)
    t.equal(connection.sink.ends.all.length, 1, 'once')
    world.fake.manners = {}
    const next = await client(world)
    await next.connection.publish('/topic/x')
    t.equal(world.relay.state, 'available', 'the system connection was not touched')
  })
}
