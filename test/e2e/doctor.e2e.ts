import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import sockjsNode from 'sockjs'
import t, { type Test } from 'tap'
import { type Diagnosis, diagnose, type DoctorOptions } from '../../protocol-tests/index.ts'
import { MemoryNetwork } from '../../src/engine/memory.ts'
import sockjs, { type SockjsPluginOptions } from '../../src/index.ts'
import { codesOf } from '../doctor/support.ts'
import { mend, type MendedProgram } from './proxies/mending.ts'
import { type ProxyProgram, startProxy } from './proxies/proxy.ts'
import { findTool } from './tools.ts'

/** A server behind a proxy of this machine, which it trusts. */
async function startOurs (t: Test, plugin: SockjsPluginOptions = {}): Promise<number> {
  const app = Fastify({ trustProxy: ['127.0.0.1'] })
  t.teardown(() => app.close())
  await app.register(sockjs, { doctor: true, drainTimeout: 100, ...plugin })
  app.sockjs('/echo', { transports: { htmlfile: true } }, async (session) => {
    for await (const message of session) session.send(message)
  })
  app.get('/health', async () => 'ok')
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

/** The server of the npm package sockjs, which asks no proxy for anything. */
async function startSockjsNode (t: Test): Promise<number> {
  const server = createServer()
  server.on('request', ({ url }, response) => { if (url === '/health') response.end('ok') })
  const service = sockjsNode.createServer({ prefix: '/echo', log () {} })
  service.on('connection', (connection) => { connection.on('data', (text: string) => connection.write(text)) })
  service.installHandlers(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

interface Trial {
  readonly name: string
  readonly program: ProxyProgram
  /** Of this folder, or one of those that users get. */
  readonly configuration: string
  readonly servers?: 'ours' | 'sockjs-node' | 'nodes'
  readonly options?: DoctorOptions
  /** The codes that must be found, and no others. */
  readonly finds: readonly string[]
  /** The lines that the doctor names are applied, until it finds nothing. */
  readonly isMended?: true
}

/** A mistake may hide another one: streams that are held back do not show that they are compressed. */
const ROUNDS = 2

/** A configuration that names neither the client nor its scheme, and has nginx's limit of bodies. */
const BARE = ['body-limit', 'proxy-unnamed']

const IDLE = 6000

const TRIALS: readonly Trial[] = [
  { name: 'nginx, examples/proxies/nginx.conf', program: 'nginx', configuration: '../../examples/proxies/nginx.conf', finds: [] },
  { name: 'HAProxy, examples/proxies/haproxy.cfg', program: 'HAProxy', configuration: '../../examples/proxies/haproxy.cfg', finds: [] },
  { name: 'nginx, examples/proxies/nginx-cluster.conf, with an engine', program: 'nginx', configuration: '../../examples/proxies/nginx-cluster.conf', servers: 'nodes', finds: [] },
  { name: 'HAProxy, examples/proxies/haproxy-cluster.cfg, with an engine', program: 'HAProxy', configuration: '../../examples/proxies/haproxy-cluster.cfg', servers: 'nodes', finds: [] },
  { name: 'Traefik, examples/proxies/traefik-cluster.yml, with an engine', program: 'Traefik', configuration: '../../examples/proxies/traefik-cluster.yml', servers: 'nodes', finds: [] },
  { name: 'nginx, nodes without an engine', program: 'nginx', configuration: '../../examples/proxies/nginx-cluster.conf', finds: ['not-sticky'], isMended: true },
  { name: 'nginx, nothing but proxy_pass', program: 'nginx', configuration: 'proxies/nginx-defaults.conf', finds: [...BARE, 'host-differs', 'http-1.0-inside', 'origin-refused', 'ws-upgrade-stripped'], isMended: true },
  { name: 'nginx, gzip', program: 'nginx', configuration: 'proxies/nginx-gzip.conf', finds: [...BARE, 'stream-compressed'], isMended: true },
  { name: 'nginx, buffering, gzip, no upgrades', program: 'nginx', configuration: 'proxies/nginx-buffering.conf', finds: [...BARE, 'stream-buffered', 'ws-upgrade-stripped'], isMended: true },
  { name: 'nginx, no upgrades', program: 'nginx', configuration: 'proxies/nginx-no-upgrade.conf', finds: [...BARE, 'ws-upgrade-stripped'], isMended: true },
  { name: 'nginx, timeouts of 3 s', program: 'nginx', configuration: 'proxies/nginx-short-timeouts.conf', options: { idle: IDLE }, finds: [...BARE, 'idle-cut'], isMended: true },
  // HAProxy leaves responses with no-transform as they are.
  { name: 'HAProxy, no upgrades, gzip', program: 'HAProxy', configuration: 'proxies/haproxy-no-upgrade.cfg', finds: ['proxy-unnamed', 'ws-upgrade-stripped'], isMended: true },
  { name: 'HAProxy, timeouts of 3 s', program: 'HAProxy', configuration: 'proxies/haproxy-short-timeouts.cfg', options: { idle: IDLE }, finds: ['idle-cut', 'proxy-unnamed'], isMended: true },
  { name: 'HAProxy, whole responses', program: 'HAProxy', configuration: 'proxies/haproxy-buffering.cfg', finds: ['stream-buffered'], isMended: true },
  { name: 'HAProxy, nodes without an engine', program: 'HAProxy', configuration: '../../examples/proxies/haproxy-cluster.cfg', finds: ['not-sticky'], isMended: true },
  { name: 'nginx, a cache', program: 'nginx', configuration: 'proxies/nginx-cache.conf', finds: ['info-cached'], isMended: true },
  { name: 'sockjs-node behind examples/proxies/nginx.conf', program: 'nginx', configuration: '../../examples/proxies/nginx.conf', servers: 'sockjs-node', finds: [] },
  { name: 'sockjs-node behind examples/proxies/haproxy.cfg', program: 'HAProxy', configuration: '../../examples/proxies/haproxy.cfg', servers: 'sockjs-node', finds: [] },
  // It does not ask nginx to pass streams on, as our server does.
  { name: 'sockjs-node behind nothing but proxy_pass', program: 'nginx', configuration: 'proxies/nginx-defaults.conf', servers: 'sockjs-node', finds: ['body-limit', 'stream-buffered', 'ws-upgrade-stripped'], isMended: true },
  { name: 'Caddy', program: 'Caddy', configuration: 'proxies/Caddyfile', finds: [] },
  { name: 'Caddy with limits', program: 'Caddy', configuration: 'proxies/Caddyfile-limits', finds: ['body-limit', 'not-sticky', 'stream-buffered', 'stream-compressed'] },
  { name: 'Traefik', program: 'Traefik', configuration: 'proxies/traefik-plain.yml', finds: [] },
  { name: 'Traefik with a cookie', program: 'Traefik', configuration: 'proxies/traefik-cookie.yml', finds: ['sticky-by-cookie'] },
  { name: 'Traefik that buffers', program: 'Traefik', configuration: 'proxies/traefik-buffering.yml', finds: ['body-limit', 'not-sticky', 'stream-buffered'] }
]

async function startServers (t: Test, kind: Trial['servers'] = 'ours'): Promise<number[]> {
  if (kind === 'sockjs-node') return [await startSockjsNode(t), await startSockjsNode(t)]
  if (kind === 'ours') return [await startOurs(t), await startOurs(t)]
  const network = new MemoryNetwork()
  return await Promise.all(['one', 'two', 'three'].map((node) => startOurs(t, { engine: network.engine(), node })))
}

/** The lines of all findings for the program that stands between. */
function linesFor (program: MendedProgram, { checks }: Diagnosis): string[] {
  const product = program === 'nginx' ? 'nginx' : 'haproxy'
  return checks.flatMap(({ findings }) => findings.map(({ code, remedies }) => remedies[product] ?? `no line for ${code}`))
}

for (const { name, program, configuration, servers, options, finds, isMended } of TRIALS) {
  const skip = findTool(program) === undefined ? `${program} is not installed` : false
  t.test(name, { skip }, async (t) => {
    const applications = await startServers(t, servers)
    let file = fileURLToPath(new URL(configuration, import.meta.url))
    const examine = async (): Promise<Diagnosis> => {
      const port = await startProxy(t, program, file, applications)
      return await diagnose(`http://127.0.0.1:${port}/echo`, { idle: 1000, ...options })
    }
    let diagnosis = await examine()
    const { ok, milliseconds, atMost, checks, totals } = diagnosis
    t.same(codesOf(diagnosis), [...finds].sort(), 'the findings', { checks })
    t.equal(ok, totals.error + totals.warning === 0)
    t.ok(milliseconds <= atMost, 'within its time')
    if (isMended === undefined || !(program === 'nginx' || program === 'HAProxy')) return
    let text = readFileSync(file, 'utf8')
    for (let round = 0; round < ROUNDS && codesOf(diagnosis).length > 0; round++) {
      text = mend(program, text, linesFor(program, diagnosis))
      file = join(t.testdir({ mended: text }), 'mended')
      diagnosis = await examine()
    }
    t.same(codesOf(diagnosis), [], 'with the lines that it names, the doctor finds nothing', { text, checks: diagnosis.checks })
  })
}
