import { once } from 'node:events'
import { createServer } from 'node:tls'
import t from 'tap'
import { ManualClock } from '../../../src/core/clock.ts'
import { FrameHeaders } from '../../../src/stomp/codec/index.ts'
import { relayBroker } from '../../../src/stomp.ts'
import { connect, refused, testLog, TestSink } from '../../support/broker.ts'
import { FakeConnection, startFakeBroker } from '../../support/fake-broker.ts'
import { advanceUntil, client, code, relayTo } from '../../support/relay.ts'
import { TLS } from '../../support/tls/index.ts'

t.test('RELAY-1, SEC-S67: the relay sets login, passcode and host, and no client changes them', async (t) => {
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

t.test('RELAY-13, FACT-10: a frozen broker is given up in time, and the next server is tried', async (t) => {
  const frozen = await startFakeBroker(t, { connect: () => {} })
  const good = await startFakeBroker(t)
  const clock = new ManualClock()
  const relay = relayBroker({ servers: [frozen.url, good.url], connectTimeout: 4000 })
  const started = relay.start({ clock, log: testLog(), applicationPrefixes: ['/app'] })
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

t.test('a broker that ends the connection right behind CONNECTED', async (t) => {
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

t.test('RELAY-19: DISCONNECT with a receipt comes before the end, and without its RECEIPT the socket ends too', async (t) => {
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

t.test('RELAY-16: reconnecting goes on after every failure, with growing waits', async (t) => {
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

t.test('RELAY-16: the attempts at a time are bounded', async (t) => {
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
    await relay.start({ clock, log: testLog(), applicationPrefixes: ['/app'] })
    t.equal(relay.state, state, `rejectUnauthorized: ${rejectUnauthorized}`)
    const stopped = relay.stop()
    await advanceUntil(clock, stopped)
  }
})
