import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import t, { type Test } from 'tap'
import type { RelayBrokerOptions } from '../../../src/stomp.ts'
import { connect, message, refused } from '../../support/broker.ts'
import { type FakeConnection, type Manners, startFakeBroker } from '../../support/fake-broker.ts'
import { advanceUntil, code, type LinesLog, type LogLine, MUTE, REFUSE, REFUSE_LOGIN, relayTo, startRelay, turns } from '../../support/relay.ts'
import { TLS } from '../../support/tls/index.ts'
import { until } from '../../support/wait.ts'

/** A port of this machine on which no server listens. */
async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Finds the line about the last failed attempt of a connection, and checks host, port, cause and the next attempt. */
function failureLine (t: Test, log: LinesLog, { host, port, cause, connection = 'system' }: { host: string, port: number, cause: RegExp, connection?: string }): LogLine {
  const found = log.of('warn').findLast(({ data }) => data.connection === connection)
  if (found === undefined) throw new Error('no line tells of the failure')
  t.match(found.data, { host, port, cause })
  t.ok(found.text.includes(`${host}:${port}`), found.text)
  t.match(found.text, cause)
  t.match(found.text, new RegExp(`the next attempt is in ${String(found.data.nextAttemptIn)} ms$`))
  t.ok(Number(found.data.nextAttemptIn) > 0)
  return found
}

t.test('U19: a broker that cannot be reached at the start is named, with the cause and the next attempt', async (t) => {
  const port = await freePort()
  const { log, started, relay } = await startRelay(t, { servers: `tcp://127.0.0.1:${port}`, reconnect: { min: 700, jitter: 0 } })
  await started
  const { data } = failureLine(t, log, { host: '127.0.0.1', port, cause: /^ECONNREFUSED$|: ECONNREFUSED;/ })
  t.equal(data.nextAttemptIn, 700)
  t.equal(relay.state, 'unavailable')
  t.equal(log.of('warn').length, 1)
})

t.test('U19: every attempt that fails has its line, and the waits that it tells are the real ones', async (t) => {
  const port = await freePort()
  const { log, started, clock } = await startRelay(t, { servers: `tcp://127.0.0.1:${port}`, reconnect: { min: 1000, max: 4000, jitter: 0 } })
  await started
  for (let attempts = 2; attempts <= 4; attempts++) {
    clock.advance(Number(log.of('warn').at(-1)!.data.nextAttemptIn) + 50)
    await until(() => log.of('warn').length === attempts, `attempt ${attempts}`)
  }
  t.strictSame(log.of('warn').map(({ data }) => data.nextAttemptIn), [1000, 2000, 4000, 4000])
})

t.test('U19: a name of a host that does not exist', async (t) => {
  const { log, started } = await startRelay(t, { servers: 'tcp://no-such-host.invalid:61613' })
  await started
  failureLine(t, log, { host: 'no-such-host.invalid', port: 61613, cause: /ENOTFOUND|EAI_AGAIN/ })
})

t.test('U19: a certificate that is not trusted, and a server without TLS', async (t) => {
  const tls = createTlsServer(TLS).listen(0, '127.0.0.1')
  const plain = createServer((socket) => socket.on('data', () => socket.end('no TLS here'))).listen(0, '127.0.0.1')
  await Promise.all([once(tls, 'listening'), once(plain, 'listening')])
  t.teardown(() => {
    tls.close()
    plain.close()
  })
  for (const [server, cause] of [[tls, /SELF_SIGNED|UNABLE_TO_VERIFY/], [plain, /SSL|EPROTO|ECONNRESET/]] as const) {
    const { port } = server.address() as AddressInfo
    const { log, started } = await startRelay(t, { servers: `tls://127.0.0.1:${port}`, tls: { servername: 'localhost' } })
    await started
    failureLine(t, log, { host: '127.0.0.1', port, cause })
  }
})

t.test('U19: a login that the broker refuses, with the words of the broker', async (t) => {
  const fake = await startFakeBroker(t, REFUSE_LOGIN)
  const { log, started } = await startRelay(t, { servers: fake.url })
  await started
  const { text, data } = failureLine(t, log, { host: '127.0.0.1', port: fake.port, cause: /Bad CONNECT: Access refused for user 'guest'/ })
  t.match(text, /^the broker refuses the login/)
  t.equal(data.code, 'STOMP_ACCESS_REFUSED')
})

t.test('U19: a broker that never answers, one that hangs up, and one that speaks something else', async (t) => {
  const cases: [name: string, manners: Manners, cause: RegExp][] = [
    ['mute', MUTE, /no CONNECTED within 2000 ms/],
    ['hangs up', { connect: (connection) => connection.socket.end() }, /closed the connection before CONNECTED/],
    ['HTTP', { connect: (connection) => connection.socket.end('HTTP/1.1 400 Bad Request\r\n\r\n\0') }, /not a STOMP frame/]
  ]
  for (const [name, manners, cause] of cases) {
    const fake = await startFakeBroker(t, manners)
    const { log, started, clock } = await startRelay(t, { servers: fake.url, connectTimeout: 2000 })
    await advanceUntil(clock, started, 100)
    t.comment(name)
    failureLine(t, log, { host: '127.0.0.1', port: fake.port, cause })
  }
})

t.test('U19: a connection that is lost later, by every kind of loss', async (t) => {
  const cases: [name: string, lose: (link: FakeConnection) => void, cause: RegExp, options?: Partial<RelayBrokerOptions>][] = [
    ['a FIN', (link) => { link.socket.end() }, /the broker closed the connection/],
    ['a reset', (link) => { link.socket.resetAndDestroy() }, /ECONNRESET/],
    ['a fatal ERROR', (link) => link.send('ERROR', { message: 'AMQP channel died' }, 'secret\n'), /AMQP channel died: secret/],
    ['silence', () => {}, /no heart-beat for \d+ ms/, { heartBeat: [0, 1000] }]
  ]
  for (const [name, lose, cause, options] of cases) {
    const world = await relayTo(t, { ...options, reconnect: { min: 20_000 } }, { connected: { 'heart-beat': '1000,0' } })
    await world.states.next()
    // Bytes that are still on their way would hide a reset.
    await world.relay.publish(message('/topic/x'))
    await turns()
    lose(world.system)
    const lost = world.states.next()
    await (options === undefined ? lost : advanceUntil(world.clock, lost, 100))
    t.comment(name)
    t.match(failureLine(t, world.log, { host: '127.0.0.1', port: world.fake.port, cause }).text, /^the connection to the broker was lost/)
  }
})

t.test('U19: of several servers each is named', async (t) => {
  const [one, two] = [await freePort(), await freePort()]
  const { log, started } = await startRelay(t, { servers: [`tcp://127.0.0.1:${one}`, `tcp://127.0.0.1:${two}`] })
  await started
  const { text, data } = failureLine(t, log, { host: '127.0.0.1', port: two, cause: /ECONNREFUSED/ })
  t.ok(text.includes(`127.0.0.1:${one}`))
  t.match(data.servers, [{ port: one, cause: 'ECONNREFUSED' }, { port: two, cause: 'ECONNREFUSED' }])
})

t.test('U19: no client sees host, port or cause', async (t) => {
  const world = await relayTo(t)
  world.fake.manners = REFUSE_LOGIN
  const error = await refused(t, () => connect(world.relay), true)
  t.notMatch(error.message, /127|guest|ECONN/)
})

t.test('U19: a thousand clients whose own connections fail have one line, which counts the others a minute later', async (t) => {
  const world = await relayTo(t)
  world.fake.manners = REFUSE
  for (let i = 0; i < 100; i++) await Promise.all(Array.from({ length: 10 }, () => code(connect(world.relay))))
  const lines = (): LogLine[] => world.log.of('warn').filter(({ data }) => data.connection === undefined)
  t.equal(lines().length, 1)
  t.match(lines()[0], { data: { host: '127.0.0.1', port: world.fake.port, cause: /closed|ECONNRESET/, others: 0 } })
  world.clock.advance(60_000)
  await code(connect(world.relay))
  t.match(lines()[1], { data: { others: 999 } })
})
