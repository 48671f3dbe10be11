import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import Fastify from 'fastify'
import { WebSocket } from 'ws'
import sockjs, { ManualClock, sockjsMetrics } from '../../../src/index.ts'
import { MOST_ASKED } from '../../../src/sockjs/endpoint/asking-clients.ts'
import { readClaim } from '../../../src/sockjs/endpoint/fallback-claim.ts'
import { Client, withGlobal } from '../../client/support.ts'
import { newId, type TransportName } from '../../support/client.ts'
import { knock } from '../../support/doors.ts'
import { ask } from '../../support/http.ts'
import { RealClient } from '../../support/real-client.ts'
import { buildServer, type ServerOptions, type TestServer } from '../../support/server.ts'
import { strippingProxy } from '../../support/stripping-proxy.ts'
import { within } from '../../support/wait.ts'
import { points } from '../../telemetry/support.ts'

/** The warning in the log. */
interface Line {
  readonly level: number
  readonly msg: string
  readonly refused?: string
  readonly [fact: string]: unknown
}

/** A WebSocket with the user agent of `fetch`, because a browser has one for both. */
class BrowserSocket extends WebSocket {
  constructor (url: string) { super(url, { headers: { 'user-agent': 'node' } }) }
}

/** A client by its user agent. */
type Agent = string

async function logging (t: Test, options: ServerOptions = {}): Promise<{ server: TestServer, lines: Line[] }> {
  const lines: Line[] = []
  const stream = {
    write (text: string) {
      const line = JSON.parse(text) as Line
      if (line.refused === 'fallback') lines.push(line)
    }
  }
  const server = await buildServer(t, { nodes: 1, ...options, fastify: { logger: { level: 'info', stream } } })
  return { server, lines }
}

const askInfo = ({ port }: TestServer, agent: Agent) => ask({ port, path: '/echo/info', headers: { 'user-agent': agent } })
const open = ({ port }: TestServer, transport: TransportName, agent: Agent) => knock({ port, transport, headers: { 'user-agent': agent } })
/** The request of a WebSocket as it arrives behind a proxy that removes `Upgrade`. */
const stripped = ({ port }: TestServer, agent: Agent) => ask({ port, path: `/echo/0/${newId()}/websocket`, headers: { 'user-agent': agent } })
const poll = ({ port }: TestServer, agent: Agent, query = '') => ask({ port, method: 'POST', path: `/echo/0/${newId()}/xhr${query}`, headers: { 'user-agent': agent } })

async function healthy (server: TestServer, agent: Agent): Promise<void> {
  await askInfo(server, agent)
  await open(server, 'websocket', agent)
}

async function fallen (server: TestServer, agent: Agent): Promise<void> {
  await askInfo(server, agent)
  await stripped(server, agent)
  await poll(server, agent)
}

/** The clients by from, to and reason. */
function counted ({ app }: TestServer): Record<string, number> {
  return Object.fromEntries(points(app.sockjs.metrics(), 'sockjs.server.fallbacks').map((point) =>
    [[point['sockjs.fallback.from'], point['sockjs.fallback.to'], point['sockjs.fallback.reason'] ?? '-'].join(' '), point.value as number]))
}

t.test('sockjs-client and the own client behind a proxy that strips upgrades are counted with the reason', async (t) => {
  const { server, lines } = await logging(t, { after: (app) => app.register(sockjsMetrics) })
  const port = await strippingProxy(t, server.port)
  const url = `http://127.0.0.1:${port}/echo`
  // sockjs-client forgets the timer of the attempt that failed, and the process waits for it.
  const real = server.own(new RealClient(url, ['websocket', 'xhr-streaming'], { timeout: 10_000 }))
  await within(real.opened.promise, 'sockjs-client opens')
  t.equal((await server.session()).transport, 'xhr-streaming')
  t.strictSame(counted(server), { 'none websocket -': 0, 'websocket xhr-streaming not_upgraded': 1 })

  withGlobal(t, 'WebSocket', BrowserSocket)
  const own = server.own(new Client(url, { transports: ['websocket', 'xhr-polling'] }))
  await within(own.opened.promise, 'the own client opens')
  t.strictSame(counted(server), { 'none websocket -': 0, 'websocket xhr-streaming not_upgraded': 1, 'websocket xhr-polling not_upgraded': 1 })
  const { body } = await ask({ port: server.port, path: '/metrics' })
  const labels = 'sockjs_endpoint="/echo",sockjs_fallback_from="websocket",sockjs_fallback_to="xhr-polling",sockjs_fallback_reason="not_upgraded"'
  t.ok(body.split('\n').includes(`sockjs_server_fallbacks_total{${labels}} 1`), body)
  t.strictSame(lines, [])
})

t.test('both clients without a proxy count as none', async (t) => {
  const { server } = await logging(t)
  const url = `http://127.0.0.1:${server.port}/echo`
  const real = server.own(new RealClient(url, ['websocket', 'xhr-streaming']))
  await within(real.opened.promise, 'sockjs-client opens')
  t.strictSame(counted(server), { 'none websocket -': 1 })
  withGlobal(t, 'WebSocket', BrowserSocket)
  const own = server.own(new Client(url))
  await within(own.opened.promise, 'the own client opens')
  t.strictSame(counted(server), { 'none websocket -': 2 })
  t.equal(server.endpoint.fallbacks!.remembered, 0)
})

t.test('100 clients of which more than the share fall back cause one warning a minute', async (t) => {
  const { server, lines } = await logging(t)
  const round = async (bad: number): Promise<void> => {
    for (let i = 0; i < 100; i++) await (i < bad ? fallen : healthy)(server, `agent ${i}`)
  }
  await round(25)
  t.strictSame(lines, [], 'a quarter is not more than a quarter')
  await round(31)
  t.match(lines, [{
    level: 40,
    refused: 'fallback',
    endpoint: '/echo',
    share: 31,
    clients: 100,
    reasons: { not_upgraded: 31 },
    msg: '31 % of the last 100 clients of /echo do not get a WebSocket: does the proxy pass Upgrade on? See docs/troubleshooting.md'
  }])
  await round(100)
  t.equal(lines.length, 1, 'there is one line a minute')
  server.clock.advance(61_000)
  await round(26)
  t.match(lines, [{ share: 31 }, { share: 26, untold: 1 }])
  t.equal(lines.length, 2)
  t.strictSame(counted(server), { 'none websocket -': 218, 'websocket xhr-polling not_upgraded': 182 })
})

t.test('the option fallbackWarning sets the share, and switches the warning off', async (t) => {
  for (const [fallbackWarning, share, bad] of [[0.02, 3, 3], [0.9, 91, 91], [1, null, 100], [0, null, 100], [false, null, 100]] as const) {
    const { server, lines } = await logging(t, { plugin: { fallbackWarning: 0.5 }, endpoint: { fallbackWarning } })
    for (let i = 0; i < 100; i++) await (i < bad ? fallen : healthy)(server, `agent ${i}`)
    t.strictSame(lines.map((line) => line['share']), share === null ? [] : [share], String(fallbackWarning))
    t.equal(counted(server)['websocket xhr-polling not_upgraded'], bad, 'clients are counted in any case')
    await server.stop()
  }
})

t.test('clients behind one address with one user agent have right sums, and alone cause no warning', async (t) => {
  const { server, lines } = await logging(t)
  const agent = 'the one browser of the company'
  // All ask, then all try, then all open, so that no request is next to another of its client.
  for (let i = 0; i < 30; i++) await askInfo(server, agent)
  for (let i = 0; i < 10; i++) await stripped(server, agent)
  for (let i = 0; i < 20; i++) await open(server, 'websocket', agent)
  for (let i = 0; i < 10; i++) await poll(server, agent)
  t.strictSame(counted(server), { 'none websocket -': 20, 'websocket xhr-polling not_upgraded': 10 })
  await poll(server, agent)
  await open(server, 'websocket', agent)
  t.strictSame(counted(server), { 'none websocket -': 20, 'websocket xhr-polling not_upgraded': 10 }, 'there are no more clients than requests for /info')
  for (let i = 0; i < 120; i++) await fallen(server, agent)
  t.equal(counted(server)['websocket xhr-polling not_upgraded'], 130)
  t.strictSame(lines, [], 'one client that comes back again and again looks the same')
  // It is ten clients of the sample, all of them from the first rounds: some that got a WebSocket, before those that did not.
  for (let i = 0; i < 89; i++) await (i < 40 ? fallen : healthy)(server, `agent ${i}`)
  t.strictSame(lines, [])
  await fallen(server, 'agent 89')
  t.match(lines, [{ share: 41, clients: 100 }])
})

t.test('raw WebSockets, clients without /info, and endpoints without WebSocket are not counted', async (t) => {
  const { server } = await logging(t)
  await askInfo(server, 'a')
  await open(server, 'websocket-raw', 'a')
  for (const transport of ['websocket', 'xhr-polling', 'eventsource'] as const) await open(server, transport, 'b')
  await stripped(server, 'b')
  await poll(server, 'b')
  await ask({ port: server.port, method: 'HEAD', path: '/echo/info', headers: { 'user-agent': 'b' } })
  await poll(server, 'b')
  t.strictSame(counted(server), { 'none websocket -': 0 })
  t.equal(server.endpoint.fallbacks!.remembered, 1)
  server.clock.advance(9_900)
  await poll(server, 'a')
  t.strictSame(counted(server), { 'none websocket -': 0, 'websocket xhr-polling -': 1 }, 'no attempt reached the server')
  await askInfo(server, 'a')
  server.clock.advance(10_000)
  await poll(server, 'a')
  t.equal(counted(server)['websocket xhr-polling -'], 1, 'the client came too late')
  t.equal(server.endpoint.fallbacks!.remembered, 0)

  const without = await buildServer(t, { nodes: 1, endpoint: { transports: { websocket: false } } })
  await askInfo(without, 'a')
  await poll(without, 'a')
  t.equal(without.endpoint.fallbacks, null)
  t.notOk(without.app.sockjs.metrics().some(({ name }) => name === 'sockjs.server.fallbacks'))
})

t.test('a handshake that was refused is the reason, on every HTTP transport', async (t) => {
  const { server } = await logging(t, { endpoint: { session: (request) => { if (request.headers.upgrade !== undefined) throw new Error('no') } } })
  for (const transport of ['xhr-streaming', 'eventsource', 'htmlfile', 'xhr-polling', 'jsonp-polling'] as const) {
    await askInfo(server, transport)
    t.equal((await open(server, 'websocket', transport)).status, 500)
    t.equal((await open(server, transport, transport)).status, 200)
    t.equal(counted(server)[`websocket ${transport} refused`], 1)
  }
})

t.test('a client says which transports have failed', async (t) => {
  const { server } = await logging(t)
  await poll(server, 'a', '?fallback=websocket:0')
  await askInfo(server, 'a')
  await poll(server, 'a', '?token=1&fallback=websocket:2007,xhr-streaming:403')
  await poll(server, 'a', '?fallback=websocket:1006,xhr-streaming:2007')
  await poll(server, 'a', '?fallback=websocket:404')
  await poll(server, 'a', '?fallback=websocket:1006')
  t.strictSame(counted(server), {
    'none websocket -': 0,
    'websocket xhr-polling unsupported': 1,
    'websocket xhr-polling timeout': 1,
    'xhr-streaming xhr-polling timeout': 1,
    'websocket xhr-polling status': 1,
    'websocket xhr-polling closed': 1
  })
  const forged = ['', 'x:1', 'websocket', 'websocket:', 'websocket:-1', 'websocket:99999', 'websocket:1e3', 'websocket-raw:1', 'tcp:1', 'constructor:1', 'websocket:1,', `websocket:1${',websocket:1'.repeat(8)}`]
  for (const text of forged) t.equal(readClaim({ fallback: text }), null, text)
  for (const query of [null, undefined, {}, { fallback: ['websocket:1', 'websocket:1'] }, { fallback: 5 }]) t.equal(readClaim(query), null)
  for (const text of forged) await poll(server, 'a', `?fallback=${text}&fallback=${text}`)
  t.equal(Object.keys(counted(server)).length, 6)
})

t.test('10,000 forged user agents and long ones keep the memory bounded', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const clock = new ManualClock()
  await app.register(sockjs, { clock })
  const { fallbacks } = app.sockjs('/echo', () => {})
  const ask = (agent: string) => app.inject({ url: '/echo/info', headers: { 'user-agent': agent } })
  const sizes = new Set<number>()
  for (let i = 0; i < 10_000; i++) {
    await ask(`${'x'.repeat(i % 50)} ${i}`)
    if (i >= MOST_ASKED) sizes.add(fallbacks!.remembered)
  }
  t.strictSame([...sizes], [MOST_ASKED])
  const opened = async (agent: string): Promise<number> => {
    const before = fallbacks!.remembered
    await app.inject({ method: 'POST', url: `/echo/0/${newId()}/xhr`, headers: { 'user-agent': agent } })
    return before - fallbacks!.remembered
  }
  t.equal(await opened(`${'x'.repeat(0)} 0`), 0, 'the oldest is forgotten')
  t.equal(await opened(`${'x'.repeat(49)} 9999`), 1, 'the last is remembered')
  for (let i = 0; i < 5_000; i++) await ask('one agent')
  t.equal(fallbacks!.remembered, MOST_ASKED)
  clock.advance(10_000)
  await ask('another')
  t.equal(fallbacks!.remembered, 1, 'those that will not come any more are forgotten')
  t.equal(clock.pending <= 1, true, 'no client has a timer')
})

t.test('docs/troubleshooting.md has the text of the warning', async (t) => {
  const page = readFileSync(new URL('../../../docs/troubleshooting.md', import.meta.url), 'utf8')
  const { REFUSALS } = await import('../../../src/sockjs/endpoint/refusals.ts')
  const text = REFUSALS.fallback.text.replace('{share}', '31').replace('{clients}', '100').replace('{endpoint}', '/echo')
  t.ok(page.includes(`\`${text.replace(' See docs/troubleshooting.md', '')}\``), text)
})
