import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import sockjs, { type SockjsPluginOptions } from '../../src/index.ts'
import { MemoryNetwork } from '../../src/engine/memory.ts'
import { summaryOf } from '../../src/telemetry/summary.ts'
import { Telemetry } from '../../src/telemetry/telemetry.ts'
import { buildStomp, type StompTestServer } from '../stomp/support.ts'
import { buildServer, type TestServer } from '../support/server.ts'
import { until } from '../support/wait.ts'

type Line = Readonly<Record<string, unknown>> & { readonly msg: string, readonly level: number }

const HALF_HOUR = 30 * 60_000

function statisticsIn (lines: readonly string[]): Record<string, unknown>[] {
  return lines.map((line) => JSON.parse(line) as Line)
    .filter(({ msg }) => msg === 'statistics of the sessions')
    .map(({ time: _time, pid: _pid, hostname: _hostname, msg: _msg, ...rest }) => rest)
}

async function build (t: Test, plugin: SockjsPluginOptions = {}): Promise<{ server: TestServer, statistics: () => Record<string, unknown>[] }> {
  const lines: string[] = []
  // The test server turns the line off. `undefined` gives the default of the plugin.
  const server = await buildServer(t, { nodes: 1, plugin: { statsInterval: undefined as never, ...plugin }, fastify: { logger: { level: 'info', stream: { write: (line: string) => { lines.push(line) } } } } })
  return { server, statistics: () => statisticsIn(lines) }
}

async function post ({ port }: TestServer, path: string, body = '', headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/echo/000/${path}`, { method: 'POST', body, headers })
  await response.text()
  return response.status
}

t.test('a line comes each half hour in which there was a session, with the numbers of all', async (t) => {
  const { server, statistics } = await build(t, { origins: [] })
  server.clock.advance(3 * HALF_HOUR)
  t.strictSame([statistics(), server.clock.pending], [[], 0], 'without a session there is no line and no timer')

  t.equal(await post(server, 'a/xhr', '', { origin: 'https://other.example' }), 403)
  await post(server, 'a/xhr')
  const session = await server.session()
  await post(server, 'a/xhr_send', '["hello"]')
  await until(() => server.endpoint.stats().messages.sent === 1, 'the echo')
  session.close()
  server.clock.advance(HALF_HOUR - 100)
  t.strictSame(statistics(), [], 'the interval is not over')
  server.clock.advance(200)
  const first = {
    level: 30,
    sessions: {},
    opened: 1,
    closed: { [Object.entries(server.endpoint.stats().closed).find(([, number]) => number === 1)![0]]: 1 },
    refused: { origin: 1 },
    messages: { received: 1, sent: 1 },
    bytes: server.endpoint.stats().bytes
  }
  t.strictSame(statistics(), [first])
  server.clock.advance(5 * HALF_HOUR)
  t.strictSame([statistics().length, server.clock.pending], [1, 0], 'nothing has happened since the last line')

  server.endpoint.accept({ ...FACTS, transport: 'websocket-raw' }, () => RECEIVER)
  server.clock.advance(HALF_HOUR + 50)
  t.match(statistics()[1], { sessions: { 'websocket-raw': 1 }, opened: 2, refused: { origin: 1 } }, 'the next session has a line again')
  server.clock.advance(HALF_HOUR + 50)
  t.equal(statistics().length, 3, 'an open session has a line in each interval')
})

const FACTS = { protocol: '', user: undefined, attributes: undefined, ip: '127.0.0.1', path: '/echo', query: '', prefix: '/echo', headers: {}, userKey: '', origin: '', requestId: '' }

/** A receiver whose connection is always idle and never ends. */
const RECEIVER = {
  transport: 'websocket-raw',
  buffered: 0,
  progress: 0,
  queued: false,
  answered: true,
  sharesConnection: () => false,
  cork () {},
  uncork () {},
  open () {},
  heartbeat: () => false,
  pause () {},
  destroy () {},
  close () {},
  messages () {}
} as never

t.test('statsInterval sets the time, turns the line off, and is validated', async (t) => {
  const quick = await build(t, { statsInterval: 1_000 })
  quick.server.endpoint.accept({ ...FACTS, transport: 'websocket-raw' }, () => RECEIVER)
  quick.server.clock.advance(3_300)
  t.equal(quick.statistics().length, 3)

  const off = await build(t, { statsInterval: 0 })
  off.server.endpoint.accept({ ...FACTS, transport: 'websocket-raw' }, () => RECEIVER)
  off.server.clock.advance(2 * HALF_HOUR)
  t.strictSame(off.statistics(), [])

  for (const statsInterval of [-1, 1.5, '30m', 2 ** 31]) {
    await t.rejects(async () => Fastify().register(sockjs, { statsInterval: statsInterval as number }), { code: 'FST_SOCKJS_INVALID_OPTION', message: /statsInterval/ }, String(statsInterval))
  }
})

t.test('the line has the numbers of STOMP and the other nodes, where these exist', async (t) => {
  const server: StompTestServer = await buildStomp(t, { sockjs: { engine: new MemoryNetwork().engine(), statsInterval: 60_000 } })
  const client = await server.connect()
  await client.subscribe('a', '/topic/a')
  await client.subscribe('b', '/topic/b')
  server.clock.advance(60_050)
  const [line] = statisticsIn(server.log)
  t.match(line, {
    sessions: { 'websocket-raw': 1 },
    otherNodes: 0,
    stomp: { sessions: 1, subscriptions: { topic: 2 }, broker: 'available' }
  })
  client.inner.abort()
})

t.test('a summary adds the endpoints up, and leaves out what no part reports', (t) => {
  const telemetry = new Telemetry((error) => { throw error })
  for (const endpoint of ['/a', '/b']) {
    telemetry.observe('sockjs.server.active_sessions', () => [{ attributes: { 'sockjs.endpoint': endpoint, 'sockjs.transport': 'websocket' }, value: 2 }])
    telemetry.observe('sockjs.server.messages', () => (['receive', 'transmit'] as const).map((direction, at) =>
      ({ attributes: { 'sockjs.endpoint': endpoint, 'sockjs.transport': 'websocket', 'network.io.direction': direction }, value: 10 + at })))
  }
  t.strictSame(summaryOf(telemetry.metrics()), { sessions: { websocket: 4 }, messages: { received: 20, sent: 22 } })
  t.end()
})

t.test('the timer of the line does not keep a process alive, and a shutdown stops it', async (t) => {
  const program = `
    import { SystemClock } from './src/core/clock.ts'
    import { StatsLine } from './src/sockjs/endpoint/stats-line.ts'
    new StatsLine(new SystemClock((error) => { throw error }), { info () {} }, 60_000, () => true).start()
    console.log('started')
  `
  const { stdout } = await promisify(execFile)(process.execPath, ['--import=./scripts/typescript/register.js', '--input-type=module', '-e', program], { timeout: 50_000 })
  t.equal(stdout, 'started\n', 'the process has ended by itself')

  const { server, statistics } = await build(t)
  await post(server, 'a/xhr')
  const session = await server.session()
  t.ok(server.clock.pending > 0)
  session.terminate()
  await server.close()
  server.clock.advance(2 * HALF_HOUR)
  t.strictSame([statistics(), server.clock.pending], [[], 0])
})
