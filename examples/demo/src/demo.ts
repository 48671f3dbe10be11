import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyInstance } from 'fastify'
import sockjs, { type Endpoint, type SockjsPluginOptions } from 'fastify-sockjs'
import inspector from 'fastify-sockjs/inspector'
import kafkaBridge from 'fastify-sockjs/kafka'
import { type ClusterSettings, demoEngine, type EngineTarget, workerEngine } from './engine.ts'
import { serveDocuments } from './documents.ts'
import { DEMO_DEFAULTS, DEMO_ENDPOINTS } from './endpoints.ts'
import { Journal } from './journal.ts'
import { demoKafka } from './kafka.ts'
import { serveMetrics } from './metrics.ts'
import { servePages } from './pages.ts'
import { demoRelay, type RelayTarget } from './relay.ts'
import { addStomp } from './stomp.ts'

/** The options of the demo server. */
export interface DemoOptions {
  /** Files with a certificate and its key. With both, the server speaks https and wss. */
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
  readonly logLevel?: string
  /** A port for STOMP over TCP. */
  readonly stompTcpPort?: number | undefined
  /** An external broker in place of the embedded one. */
  readonly stompRelay?: RelayTarget | undefined
  /** The kind of the external broker, which decides on the names of destinations. */
  readonly stompRelayDialect?: string
  /** The messaging system that connects this server with the other nodes, or the hub of its primary. */
  readonly engine?: EngineTarget | 'hub' | undefined
  readonly engineSecret?: string | undefined
  readonly engineNamespace?: string | undefined
  /** The brokers of Kafka, to which a bridge connects. */
  readonly kafka?: readonly string[] | undefined
  /** The name of this node. */
  readonly nodeName?: string | undefined
}

/** The folder of the clone. The path is the same from the sources and from the build. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

const require = createRequire(import.meta.url)
const versionOf = (manifest: string): string => (require(manifest) as { version: string }).version

/** Makes the options of the registration that make this server a node. Without an engine it stands alone. */
function nodeOptions ({ engine, engineSecret: secret, engineNamespace: namespace = 'demo' }: DemoOptions, node: string): SockjsPluginOptions {
  if (engine === undefined) return {}
  if (engine === 'hub') return { engine: workerEngine(), node }
  if (secret === undefined || secret.length < 16) throw new Error('ENGINE needs ENGINE_SECRET: a text of at least 16 characters that all nodes share.')
  return { engine: demoEngine(engine, { secret, namespace, node } satisfies ClusterSettings), node }
}

/** Builds the demo server, with the endpoints that clients and conformance suites try a SockJS server with. */
export async function buildDemo (options: DemoOptions = {}): Promise<FastifyInstance> {
  const { tlsCert, tlsKey } = options
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw new Error('TLS needs a certificate and its key. Set both TLS_CERT and TLS_KEY.')
  const https = tlsCert !== undefined && tlsKey !== undefined
    ? { cert: await readFile(tlsCert), key: await readFile(tlsKey) }
    : null
  const app = Fastify({
    logger: { level: options.logLevel ?? 'warn' },
    // SEC-S23: the server does not wait for a request that never ends.
    requestTimeout: 30_000,
    connectionTimeout: 0,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 5_000 } as object,
    ...(https === null ? {} : { https: { ...https, headersTimeout: 10_000, connectionsCheckingInterval: 5_000 } })
  } as object) as unknown as FastifyInstance
  const journal = new Journal()
  const node = options.nodeName ?? `demo-${randomBytes(4).toString('hex')}`

  await servePages(app, `${ROOT}examples/demo/page`)
  const documents = await serveDocuments(app, ROOT)
  await app.register(sockjs, { ...DEMO_DEFAULTS, ...nodeOptions(options, node) })
  for (const { path, options: own, handler } of DEMO_ENDPOINTS) {
    const endpoint: Endpoint = app.sockjs(path, own ?? {}, (session) => {
      journal.watch(path, session)
      return handler(session, () => endpoint, node)
    })
  }
  const { stompRelay, stompRelayDialect = 'rabbitmq' } = options
  await addStomp(app, DEMO_DEFAULTS, options.stompTcpPort, stompRelay === undefined ? {} : { broker: demoRelay(stompRelay, stompRelayDialect) })
  if (options.kafka !== undefined) await app.register(kafkaBridge, demoKafka(options.kafka, options.engineNamespace ?? 'demo', node))
  // The demo listens on loopback, so that the page needs no hook.
  await app.register(inspector, { open: true, bodies: true })
  await serveMetrics(app, node)
  app.get('/health', async (_request, reply) => {
    const { draining, node: member } = app.sockjs
    const state = draining ? 'draining' : 'ok'
    return reply.code(draining ? 503 : 200).send({ node, state, engine: member?.state ?? null, peers: member?.peers ?? [], broker: app.stomp.broker.state })
  })
  const versions = { package: versionOf(`${ROOT}package.json`), sockjsClient: versionOf('sockjs-client/package.json'), node: process.versions.node }
  app.get('/versions', async () => ({ ...versions, documents }))
  app.get('/journal', async () => journal.entries)
  return app
}
