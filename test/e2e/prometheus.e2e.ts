import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { buildDemo } from '../../examples/demo/src/demo.ts'
import { connect, type Host } from '../support/client.ts'
import { freePort } from '../support/free-port.ts'
import { until } from '../support/wait.ts'
import { stompjs } from '../stomp/libraries.ts'
import { toolPath } from './tools.ts'

// Prometheus of Debian scrapes the demo server, and its HTTP API tells what it has understood.
const PATIENCE = 60_000
const EXAMPLES = fileURLToPath(new URL('../../examples/observability/', import.meta.url))

/** Runs promtool, and returns its status and its output. */
function promtool (args: readonly string[], input = ''): { status: number | null, output: string } {
  const { status, stdout, stderr } = spawnSync(toolPath('promtool'), [...args], { input, encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

async function startDemo (t: Test): Promise<Host> {
  const app = await buildDemo({ logLevel: 'silent' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  const { port } = app.server.address() as { port: number }
  return {
    port,
    own (client) {
      t.teardown(() => client.abort())
      return client
    }
  }
}

interface Result { readonly metric: Readonly<Record<string, string>>, readonly value: readonly [time: number, value: string] }

/** A Prometheus that scrapes a port each second. */
class Prometheus {
  readonly #url: string

  constructor (url: string) {
    this.#url = url
  }

  static async start (t: Test, target: number): Promise<Prometheus> {
    const folder = await mkdtemp(join(tmpdir(), 'prometheus-'))
    const port = await freePort()
    await writeFile(join(folder, 'alerts.yml'), await readFile(join(EXAMPLES, 'alerts.yml')))
    const config = (await readFile(join(EXAMPLES, 'prometheus.yml'), 'utf8')).replace('15s', '1s').replace('127.0.0.1:8081', `127.0.0.1:${target}`)
    await writeFile(join(folder, 'prometheus.yml'), config)
    const child = spawn(toolPath('Prometheus'), [
      `--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error'
    ], { stdio: 'ignore' })
    const gone = once(child, 'exit')
    t.teardown(async () => {
      child.kill('SIGKILL')
      await gone
      await rm(folder, { recursive: true, force: true })
    })
    const prometheus = new Prometheus(`http://127.0.0.1:${port}`)
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`Prometheus ended with ${child.exitCode}`)
      return await prometheus.value('up{job="fastify-sockjs"}').catch(() => null) === 1
    }, 'the first scrape', PATIENCE)
    return prometheus
  }

  async query (query: string): Promise<readonly Result[]> {
    const response = await fetch(`${this.#url}/api/v1/query?query=${encodeURIComponent(query)}`)
    const answer = await response.json() as { status: string, data: { result: readonly Result[] } }
    if (answer.status !== 'success') throw new Error(`${query}: ${JSON.stringify(answer)}`)
    return answer.data.result
  }

  /** The value of a query with one result, or `null` if it has none. */
  async value (query: string): Promise<number | null> {
    const [first] = await this.query(query)
    return first === undefined ? null : Number(first.value[1])
  }

  async get<T> (path: string): Promise<T> { return (await (await fetch(this.#url + path)).json() as { data: T }).data }
}

t.test('promtool finds no fault in the text, nor in the rules', async (t) => {
  const { port } = await startDemo(t)
  const stomp = stompjs({}, { port, tcpPort: 0 })
  await stomp.connected
  t.teardown(() => stomp.disconnect())
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  t.match(text, 'stomp_server_sessions{stomp_version="1.2"} 1\n')
  t.strictSame(promtool(['check', 'metrics'], text), { status: 0, output: '' })
  t.not(promtool(['check', 'metrics'], 'sockjs_x{ 1\n').status, 0, 'promtool reads the text')
  const rules = promtool(['check', 'rules', join(EXAMPLES, 'alerts.yml')])
  t.equal(rules.status, 0, rules.output)
  const config = promtool(['check', 'config', join(EXAMPLES, 'prometheus.yml')])
  t.equal(config.status, 0, config.output)
})

t.test('Prometheus scrapes the demo server, and answers queries about its clients', async (t) => {
  const server = await startDemo(t)
  const prometheus = await Prometheus.start(t, server.port)
  const socket = await connect(server, 'websocket')
  const poller = await connect(server, 'xhr-polling')
  for (const client of [socket, poller]) {
    await client.send('one', 'two')
    t.strictSame(await client.messages(2), ['one', 'two'])
  }
  const becomes = async (query: string, expected: number): Promise<void> => {
    let last: number | null = null
    await until(async () => {
      last = await prometheus.value(query)
      return last === expected
    }, `${query} is ${expected}`, PATIENCE).catch((error: Error) => t.fail(`${error.message}; it was ${last}`))
    t.equal(last, expected, query)
  }
  await becomes('sum(sockjs_server_active_sessions{sockjs_endpoint="/echo"})', 2)
  await becomes('sockjs_server_messages_total{sockjs_endpoint="/echo",sockjs_transport="xhr-polling",network_io_direction="receive"}', 2)
  await becomes('sum(sockjs_server_io_bytes_total{network_io_direction="transmit"})', 20)
  await becomes('stomp_broker_state{stomp_broker_state="available"}', 1)
  socket.abort()
  await becomes('sockjs_server_session_duration_seconds_count{sockjs_session_status="interrupted"}', 1)
  await becomes('sockjs_server_session_duration_seconds_bucket{sockjs_session_status="interrupted",le="+Inf"}', 1)

  const metadata = await prometheus.get<Record<string, { type: string, help: string }[]>>('/api/v1/metadata')
  t.equal(metadata['sockjs_server_active_sessions']?.[0]?.type, 'gauge')
  t.equal(metadata['sockjs_server_session_duration_seconds']?.[0]?.type, 'histogram')
  t.ok(['sockjs_server_messages', 'sockjs_server_messages_total'].some((name) => metadata[name]?.[0]?.type === 'counter'))
  const { groups } = await prometheus.get<{ groups: { rules: { name: string, health: string, lastError?: string }[] }[] }>('/api/v1/rules')
  t.ok(groups[0]!.rules.length > 8)
  const { panels } = JSON.parse(await readFile(join(EXAMPLES, 'dashboard.json'), 'utf8')) as { panels: { targets: { expr: string }[] }[] }
  for (const { targets } of panels) {
    for (const { expr } of targets) {
      await prometheus.query(expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(?:job|instance)/g, '.*'))
    }
  }
  t.ok((await prometheus.query('sum by (sockjs_transport) (sockjs_server_active_sessions{job=~".*"})')).length > 0, 'a query of the dashboard has results')
})
