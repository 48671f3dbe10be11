import { once } from 'node:events'
import { createServer } from 'node:tls'
import t from 'tap'
import { ManualClock } from '../../../src/core/clock.ts'
import { FrameHeaders } from '../../../src/stomp/codec/index.ts'
import { rabbitmq, relayBroker } from '../../../src/stomp.ts'
import { connect, handleOf, message, refused, testLog, TestSink, textOf } from '../../support/broker.ts'
import { FakeConnection, startFakeBroker } from '../../support/fake-broker.ts'
import { advanceUntil, client, code, relayTo } from '../../support/relay.ts'
import { TLS } from '../../support/tls/index.ts'
import { within } from '../../support/wait.ts'

t.test('RELAY-1, SEC-S67: login, passcode and host are ours, whatever the client says', async (t) => {
  const world = await relayTo(t, {
    virtualHost: 'tenants',
    system: { login: 'app', passcode: 'a:b\\c' },
    client: async ({ user, headers }) => ({ login: `for-${user}`, passcode: headers.get('token') ?? 'none' })
  })
  const [first] = world.system.frames.all
  t.match([...first!.headers], [['accept-version', '1.0,1.1,1.2'], ['heart-beat', '10000,10000'], ['login', 'app'], ['passcode', 'a:b\\c'], ['host', 'tenants']])
  const headers = FrameHeaders.from({ login: 'root', passcode: 'root', host: '/', token: 'abc', 'accept-version': '1.1' })
  await world.relay.connect({ session: 's', user: 'kim', headers, signal: new AbortController().signal }, new TestSink())
  const link = await world.fake.connections.next()
  const hello = await link.next('CONNECT')
  t.match([hello.headers.get('login'), hello.headers.get('passcode'), hello.headers.get('host')], ['for-kim', 'abc', 'tenants'])
})

t.test('SEC-S67: headers that mean something to the broker are not for clients, unless an option allows them', async (t) => {
  const world = await relayTo(t, { dialect: rabbitmq(), allowHeaders: ['persistent'] })
  const { connection, link } = await client(world)
  await connection.publish('/topic/x', 'text', { 'user-id': 'root', 'x-message-ttl': '1', persistent: 'true', foo: 'bar', 'message-id': '7', id: '1', receipt: 'no' })
  const sent = await link.next('SEND')
  t.strictSame([...sent.headers].filter(([name]) => name !== 'content-length' && name !== 'receipt'), [['destination', '/topic/x'], ['persistent', 'true'], ['foo', 'bar']])
  await connection.subscribe('1', '/queue/x', 'client', { selector: 'a=1', 'x-queue-name': 'secret', persistent: 'true', 'prefetch-count': '7' })
  const subscribed = await link.next('SUBSCRIBE')
  t.strictSame([...subscribed.headers].filter(([name]) => name !== 'receipt'),
    [['id', 's1'], ['destination', '/queue/x'], ['ack', 'client-individual'], ['prefetch-count', '7'], ['persistent', 'true']])
  await refused(t, () => connection.publish('/topic/x', '', { expiration: 'soon' }))
  await refused(t, () => connection.subscribe('2', '/queue/x', 'client', { 'prefetch-count': 'many' }))
  for (const other of ['/exchange/amq.direct/fastify-sockjs.users', '/amq/queue/x', '/exchange/x/y']) t.notOk(world.relay.accepts(other, 'send'), other)
  await refused(t, () => connection.publish('/reply-queue/guessed'))
})

t.test('RELAY-22: bounds are our own', async (t) => {
  const { connection } = await client(await relayTo(t))
  for (const wrong of ['/topic/', '/topic//x', '/topic/' + 'x/'.repeat(16) + 'x', '/topic/' + 'é'.repeat(125)]) {
    await refused(t, () => connection.subscribe('1', wrong))
    await refused(t, () => connection.publish(wrong))
  }
  for (const pattern of ['/topic/*/*/*/*/*', '/topic/**/x', '/queue/*']) await refused(t, () => connection.subscribe('1', pattern))
})

t.test('RELAY-13, FACT-10: a frozen broker is given up in time, and the next server is tried', async (t) => {
  const frozen = await startFakeBroker(t, { connect: () => {} })
  const good = await startFakeBroker(t)
  const clock = new ManualClock()
  const relay = relayBroker({ servers: [frozen.url, good.url], connectTimeout: 4000 })
  const started = relay.start({ clock, log: testLog() })
  t.teardown(() => advanceUntil(clock, relay.stop(), 50))
  await frozen.connections.next()
  await advanceUntil(clock, started)
  t.equal(relay.state, 'starting', 'a server starts without its broker')
  await advanceUntil(clock, new Promise<void>((resolve) => relay.onState((state) => { if (state === 'available') resolve() })))
  t.equal(clock.now() >= 4000 && clock.now() < 20_000, true, `after ${clock.now()} ms`)
  const connection = await connect(relay)
  t.equal(frozen.connections.all.length, 1, 'the one that worked is the first from now on')
  await connection.broker.close()
})

t.test('RELAY-11: a refused login ends the attempt at once, though the broker keeps the socket', async (t) => {
  const world = await relayTo(t)
  world.fake.manners = { connect: (connection) => connection.send('ERROR', { message: 'Bad CONNECT' }, "Access refused for user 'guest'\n") }
  const error = await refused(t, () => connect(world.relay), true)
  t.equal(error.code, 'STOMP_ACCESS_REFUSED')
  t.notMatch(error.message, /guest/, 'FACT-1: no word of the broker itself')
  const link = await world.fake.connections.next()
  await link.ended.next('the end of the socket')
})

t.test('a broker that ends the connection in the same breath as CONNECTED', async (t) => {
  const world = await relayTo(t)
  world.fake.manners = { connect: (connection) => connection.socket.end('CONNECTED\nversion:1.2\n\n\0ERROR\nmessage:AMQP channel died\n\n\0') }
  t.equal((await refused(t, () => connect(world.relay), true)).code, 'STOMP_BROKER_LOST')
  t.equal(world.relay.stats().clients, 0)
})

t.test('RELAY-18: a client that goes while CONNECT is on its way leaves no connection behind', async (t) => {
  const world = await relayTo(t)
  world.fake.manners = { connect: () => {} }
  const gone = new AbortController()
  const connecting = world.relay.connect({ session: 's', user: '', headers: new FrameHeaders(), signal: gone.signal }, new TestSink())
  const link = await world.fake.connections.next()
  await link.next('CONNECT')
  gone.abort()
  t.equal(await code(Promise.resolve(connecting)), 'STOMP_BROKER_UNAVAILABLE')
  await link.ended.next('the end of the socket')
  t.equal(world.relay.stats().clients, 0)
})

t.test('RELAY-19: DISCONNECT with a receipt comes before the end; without an answer the socket ends all the same', async (t) => {
  const world = await relayTo(t)
  const { connection, link } = await client(world)
  const closed = Promise.resolve(connection.broker.close())
  t.ok((await link.next('DISCONNECT')).headers.get('receipt'))
  await closed
  await link.ended.next()
  const second = await client(world)
  world.fake.manners = { frame: () => {} }
  const mute = Promise.resolve(second.connection.broker.close())
  await second.link.next('DISCONNECT')
  await advanceUntil(world.clock, mute)
  await second.link.ended.next()
})

t.test('RELAY-7, RELAY-8: RECEIPTs in any order, one after an ERROR too; an ERROR meets the frame it is about', async (t) => {
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

t.test('FACT-7, RELAY-5: what is not the publisher\'s is gone from a MESSAGE', async (t) => {
  const world = await relayTo(t)
  const { connection, link } = await client(world)
  await connection.subscribe('1', '/topic/x')
  link.send('MESSAGE', [['subscription', 's1'], ['destination', '/topic/x'], ['message-id', 'T_s1@@session@@1'], ['redelivered', 'false'], ['receipt', 'r'],
    ['transaction', 't'], ['ack', 'a'], ['login', 'guest'], ['user-name', 'root'], ['foo', 'bar'], ['content-type', 'text/plain']], 'text')
  const { publication, redelivered } = await connection.sink.deliveries.next()
  t.notOk(redelivered)
  t.strictSame([...publication.headers].map(([name]) => name), ['destination', 'message-id', 'foo', 'content-type'])
  t.match(publication.id, /^[\w-]+$/)
})

t.test('RELAY-17, FACT-4: a race is counted and told to nobody', async (t) => {
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
  ['what is no frame', (link: FakeConnection) => { link.socket.write('HTTP/1.1 400 Bad Request\r\n\r\n\0') }],
  ['FACT-9: a channel that dies', (link: FakeConnection) => { link.send('ERROR', { message: 'AMQP channel died' }, '{error,secret}\n') }]
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

t.test('RELAY-3: heart-beats are each link\'s own; silence ends it', async (t) => {
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

t.test('FACT-9, RELAY-12: a broker that confirms nothing is blocked, and seen to be; when it confirms again it is available', async (t) => {
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

t.test('RELAY-20: while the client takes nothing, nothing is read from the broker', async (t) => {
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
  t.equal(world.relay.state, 'available', 'a client that reads slowly is no fault of the broker')
  connection.sink.takes = true
  connection.broker.resume()
  t.strictSame(await connection.sink.next(1), ['1'])
  t.equal(await waiting, 'done', 'what was not read was not late')
})

t.test('SEC-S28: all subscriptions of a client together have so many unacknowledged messages', async (t) => {
  const world = await relayTo(t, { maxUnacked: 5, prefetch: 3 })
  const { connection, link } = await client(world)
  const granted = async (id: string, asked: Record<string, string> = {}): Promise<string | undefined> => {
    await connection.subscribe(id, '/queue/x', 'client', asked)
    return (await link.next('SUBSCRIBE')).headers.get('prefetch-count')
  }
  t.strictSame([await granted('a'), await granted('b', { 'prefetch-count': '100' }), await granted('c')], ['3', '2', '1'])
  await connection.broker.unsubscribe('a')
  t.equal(await granted('d', { 'prefetch-count': '2' }), '2', 'what is given back can be had again')
})

t.test('RELAY-21: durable subscriptions are named after their user', async (t) => {
  const world = await relayTo(t, { dialect: rabbitmq(), allowHeaders: ['durable'] })
  const ids: string[] = []
  for (const user of ['kim', 'kim', 'anna']) {
    const broker = await world.relay.connect({ session: 's', user, headers: new FrameHeaders(), signal: new AbortController().signal }, new TestSink())
    const link = await world.fake.connections.next()
    await broker.subscribe({ key: 'news', destination: '/topic/news', ack: 'auto', headers: FrameHeaders.from({ durable: 'true' }) })
    ids.push((await link.next('SUBSCRIBE')).headers.get('id')!)
  }
  t.equal(ids[0], ids[1])
  t.not(ids[0], ids[2])
  const { connection } = await client(world)
  await refused(t, () => connection.subscribe('news', '/topic/news', 'auto', { durable: 'true' }))
})

t.test('shared mode: what waits for its turn is not done for a client that has gone', async (t) => {
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

t.test('SEC-S67: a message for a user carries no orders to the broker, and reply-to names nothing that a client cannot', async (t) => {
  const world = await relayTo(t, { dialect: rabbitmq() })
  await world.relay.publishToUser({ user: 'kim', destination: '/user/queue/x', headers: FrameHeaders.from({ 'user-id': 'evil', timestamp: 'abc', foo: 'bar' }), body: message('').body })
  const { headers } = await world.system.next('SEND')
  t.match([headers.get('user-id'), headers.get('timestamp'), headers.get('foo')], [undefined, undefined, 'bar'])
  const { connection, link } = await client(world)
  await refused(t, () => connection.publish('/queue/x', '', { 'reply-to': '/amq/queue/private' }))
  await refused(t, () => connection.publish('/queue/x', '', { 'reply-to': '/reply-queue/guessed' }))
  await connection.publish('/queue/x', '', { 'reply-to': '/topic/a/b' })
  t.equal((await link.next('SEND')).headers.get('reply-to'), '/topic/a.b')
})

t.test('a listener for the state that throws harms nobody', async (t) => {
  const world = await relayTo(t, { reconnect: { min: 50, max: 50 } })
  world.relay.onState(() => { throw new Error('as asked') })
  world.system.socket.destroy()
  await advanceUntil(world.clock, world.fake.connections.next('a new connection'), 50)
  await world.relay.publish(message('/topic/x'))
  t.equal(world.relay.state, 'available')
})

t.test('RELAY-2: acknowledgements in the words of an older broker', async (t) => {
  for (const [version, expected] of [['1.1', [['message-id', 'm1'], ['subscription', 's1']]], ['1.0', [['message-id', 'm1']]]] as const) {
    const world = await relayTo(t, {}, { connect: (connection) => connection.send('CONNECTED', { version }) })
    const { connection, link } = await client(world)
    await connection.subscribe('1', '/queue/x', 'client-individual')
    t.equal((await link.next('SUBSCRIBE')).headers.get('ack'), version === '1.0' ? 'client' : 'client-individual')
    link.send('MESSAGE', { subscription: 's1', destination: '/queue/x', 'message-id': 'm1' })
    await connection.broker.ack([handleOf(await connection.sink.deliveries.next())])
    const { headers } = await link.next('ACK')
    t.strictSame([...headers].filter(([name]) => name !== 'receipt'), expected.map((entry) => [...entry]))
  }
})

t.test('RELAY-25: what the application publishes waits for the broker, within bounds', async (t) => {
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

t.test('RELAY-16: reconnecting goes on through every failure, ever more slowly', async (t) => {
  const world = await relayTo(t, { reconnect: { min: 1000, max: 8000, jitter: 0 } })
  world.fake.manners = { connect: (connection) => connection.socket.destroy() }
  world.system.socket.destroy()
  await world.states.next()
  await world.states.next()
  const times: number[] = []
  const began = world.clock.now()
  for (let i = 0; i < 5; i++) {
    const attempt = await advanceUntil(world.clock, world.fake.connections.next('an attempt'), 100)
    times.push(world.clock.now() - began)
    await attempt.ended.next()
  }
  const waits = times.map((time, i) => time - (times[i - 1] ?? 0))
  for (const [i, least] of [1000, 2000, 4000, 8000, 8000].entries()) t.ok(waits[i]! >= least && waits[i]! <= least + 3000, `attempt ${i + 1} after ${waits[i]} ms`)
  world.fake.manners = {}
  await advanceUntil(world.clock, world.fake.connections.next('the last attempt'), 100)
  await world.states.next()
  t.equal(world.relay.state, 'available')
})

t.test('RELAY-16: not more than so many connections are made at a time', async (t) => {
  const world = await relayTo(t, { maxConnecting: 3 })
  const held: FakeConnection[] = []
  world.fake.manners = { connect: (connection) => { held.push(connection) } }
  const connecting = Array.from({ length: 10 }, () => connect(world.relay))
  for (let i = 0; i < 10; i++) {
    await world.fake.connections.next()
    while (held.length === 0) await new Promise((resolve) => setImmediate(resolve))
    t.ok(held.length <= 3)
    held.shift()!.send('CONNECTED', { version: '1.2' })
  }
  t.equal((await Promise.all(connecting)).length, 10)
})

t.test('shared mode: the loss of the connection ends all who live on it, and the next ones get a new one', async (t) => {
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
  t.equal(shared.frames.all.filter(({ command }) => command === 'UNSUBSCRIBE').length, 0, 'somebody is left')
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

t.test('TLS to the broker', async (t) => {
  const server = createServer(TLS, (socket) => {
    const connection = new FakeConnection(socket, (frame) => {
      if (frame.command === 'CONNECT') connection.send('CONNECTED', { version: '1.2' })
      else if (frame.headers.has('receipt')) connection.receipt(frame)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  t.teardown(() => server.close())
  const clock = new ManualClock()
  for (const [rejectUnauthorized, state] of [[false, 'available'], [true, 'unavailable']] as const) {
    const relay = relayBroker({ servers: `tls://127.0.0.1:${port}`, tls: { rejectUnauthorized, servername: 'localhost' } })
    await relay.start({ clock, log: testLog() })
    t.equal(relay.state, state, `rejectUnauthorized: ${rejectUnauthorized}`)
    const stopped = relay.stop()
    await advanceUntil(clock, stopped)
  }
})
