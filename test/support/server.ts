import { createServer, connect as connectTo, type Socket } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import type { Wire } from './client.ts'
import sockjs, {
  type CloseEvent, type Endpoint, type EndpointOptions, ManualClock, type Session, type SessionHandler, type SockjsPluginOptions
} from '../../src/index.ts'
import { Redis } from 'ioredis'
import { connect as connectNats } from 'nats'
import { SystemClock } from '../../src/core/clock.ts'
import type { Engine, EngineContext } from '../../src/engine/engine.ts'
import { MemoryNetwork } from '../../src/engine/memory.ts'
import { natsEngine } from '../../src/nats.ts'
import { redisEngine } from '../../src/redis.ts'
import { Arrivals, until, within } from './wait.ts'

export interface ServerOptions {
  /** Options of Fastify. */
  readonly fastify?: FastifyServerOptions & Record<string, unknown>
  /** Options of the registration; `origins` is `'*'` unless given, so that every transport is served. */
  readonly plugin?: SockjsPluginOptions
  /** Options of the endpoint `/echo`. */
  readonly endpoint?: EndpointOptions
  /** Handler of the endpoint `/echo`; by default it echoes. */
  readonly handler?: SessionHandler
  /** Runs before the plugin is registered. */
  readonly before?: (app: FastifyInstance) => unknown
  /** Runs after the endpoint was added. */
  readonly after?: (app: FastifyInstance) => unknown
  /** How clients speak to the server. */
  readonly wire?: Wire
  /** The clock of the system instead of one that the test moves. */
  readonly systemClock?: boolean
  /** The number of nodes. Tests that look into one process ask for 1. */
  readonly nodes?: number
}

/** A listening server with an endpoint `/echo`, and a look at the sessions inside. */
export class TestServer {
  readonly app: FastifyInstance
  readonly clock: ManualClock
  readonly endpoint: Endpoint
  readonly port: number
  readonly wire: Wire
  /** Every session of `/echo`, as its handler got it. */
  readonly sessions: Arrivals<Session>
  /** Every close event of `/echo`. */
  readonly closings: Arrivals<CloseEvent>
  /** The server's side of every connection. */
  readonly sockets: Set<Socket>
  readonly #clients = new Set<{ abort (): void }>()
  #stopped: Promise<void> | null = null

  constructor (parts: Pick<TestServer, 'app' | 'clock' | 'endpoint' | 'port' | 'wire' | 'sessions' | 'closings' | 'sockets'>) {
    this.app = parts.app
    this.clock = parts.clock
    this.endpoint = parts.endpoint
    this.port = parts.port
    this.wire = parts.wire
    this.sessions = parts.sessions
    this.closings = parts.closings
    this.sockets = parts.sockets
  }

  /** The next session that opens. */
  session (): Promise<Session> { return this.sessions.next('a session') }

  /** The next close event. */
  closing (): Promise<CloseEvent> { return this.closings.next('a close event') }

  /** A client that must be gone before the server stops. */
  own<C extends { abort (): void }> (client: C): C {
    this.#clients.add(client)
    return client
  }

  abortClients (): void { for (const client of this.#clients) client.abort() }

  stop (): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop (): Promise<void> {
    this.abortClients()
    // `app.close()` would wait for these clients to come back.
    for (const session of [...this.endpoint.sessions]) if (session.output.receiver === null) session.terminate()
    await this.close()
  }

  /** Closes the application while time goes on, so that clients that do not take their close frame cannot hold it. */
  async close (): Promise<void> {
    const closed = this.app.close() as unknown as Promise<unknown>
    const ticking = setInterval(() => this.clock.advance(50), 1)
    await within(closed, 'app.close()').finally(() => clearInterval(ticking))
  }
}

export async function echo (session: Session): Promise<void> {
  for await (const message of session) session.send(message)
}

/**
 * The number of nodes that each server of a test consists of.
 *
 * With more than one, the connections of the clients go to one node after the other, so that the requests of a session meet different nodes.
 */
const NODES = Number(process.env.TEST_NODES ?? 1)

/** A messaging system that makes an engine for each node. */
export interface TestNetwork {
  engine (): Engine
}

/** Opens the messaging system of `TEST_ENGINE`, `nats://host:port` or `redis://host:port`; by default one in memory. */
function openNetwork (): TestNetwork {
  const url = new URL(process.env.TEST_ENGINE ?? 'memory://')
  const settings = { namespace: `t${process.pid}-${networks++}`, secret: 'a secret of the tests' }
  if (url.protocol === 'memory:') return new MemoryNetwork()
  if (url.protocol === 'nats:') return { engine: () => inRealTime(natsEngine({ ...settings, connect: () => connectNats({ servers: url.host }) as never })) }
  const clients: Redis[] = []
  return {
    engine: () => {
      const client = new Redis({ port: Number(url.port), host: url.hostname, lazyConnect: true })
      clients.push(client)
      return inRealTime(redisEngine({ ...settings, client: client as never }))
    }
  }
}

let networks = 0

/** Lets an engine have the time of the system, although the sessions of a test have their own. */
function inRealTime (engine: Engine): Engine {
  const start = engine.start.bind(engine)
  const clock = new SystemClock((error) => { throw error })
  return Object.assign(engine, { start: (context: EngineContext) => start({ ...context, clock, changed: context.changed.bind(context), gap: context.gap.bind(context) }) })
}

/** The parts that nodes of a server can share. */
export interface Shared {
  readonly clock: ManualClock
  readonly sessions: Arrivals<Session>
  readonly closings: Arrivals<CloseEvent>
  readonly sockets: Set<Socket>
  readonly network: TestNetwork | null
}

export async function buildServer (t: Test, options: ServerOptions = {}): Promise<TestServer> {
  const count = options.nodes ?? NODES
  const shared: Shared = {
    clock: new ManualClock(),
    sessions: new Arrivals<Session>(),
    closings: new Arrivals<CloseEvent>(),
    sockets: new Set<Socket>(),
    network: count > 1 ? openNetwork() : null
  }
  const first = await buildNode(options, shared)
  if (count === 1) {
    t.teardown(() => first.stop())
    return first
  }
  const nodes = [first]
  while (nodes.length < count) nodes.push(await buildNode(options, shared))
  // A node drops the batches of a node that it does not know yet. They come again after a second, which a clock that stands still never reaches.
  await until(() => nodes.every(({ app }) => app.sockjs.node!.peers.length === nodes.length - 1), 'the nodes know each other')
  const door = await spread(nodes.map(({ port }) => port))
  const server = new TestServer({ ...partsOf(first), port: door.port })
  t.teardown(async () => {
    server.abortClients()
    await Promise.all(nodes.map((node) => node.stop()))
    await door.close()
  })
  return server
}

function partsOf ({ app, clock, endpoint, port, wire, sessions, closings, sockets }: TestServer): ConstructorParameters<typeof TestServer>[0] {
  return { app, clock, endpoint, port, wire, sessions, closings, sockets }
}

/** Opens a port whose connections go to one of several ports after the other. */
async function spread (ports: readonly number[]): Promise<{ port: number, close (): Promise<void> }> {
  let next = 0
  const clients = new Set<Socket>()
  const door = createServer({ allowHalfOpen: true }, (client) => {
    const node = connectTo({ port: ports[next++ % ports.length]!, host: '127.0.0.1', allowHalfOpen: true })
    clients.add(client)
    for (const [from, to] of [[client, node], [node, client]] as const) {
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => { if (from.errored !== null || !from.readableEnded) to.destroy() })
    }
  })
  await new Promise<void>((resolve) => { door.listen(0, '127.0.0.1', resolve) })
  return {
    port: (door.address() as { port: number }).port,
    close: () => new Promise<void>((resolve) => {
      door.close(() => resolve())
      for (const client of clients) client.destroy()
    })
  }
}

/** Starts one node. */
export async function buildNode (options: ServerOptions, { clock, sessions, closings, sockets, network }: Shared): Promise<TestServer> {
  const app = Fastify({ ...options.fastify }) as unknown as FastifyInstance
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await options.before?.(app)
  // Tests count timers. The line of statistics has one while there are sessions.
  await app.register(sockjs, { origins: '*', statsInterval: 0, ...(options.systemClock ? {} : { clock }), ...(network === null ? {} : { engine: network.engine() }), ...options.plugin })
  const handler = options.handler ?? echo
  const endpoint = app.sockjs('/echo', options.endpoint ?? {}, (session, request) => {
    session.on('close', (event) => closings.push(event))
    sessions.push(session)
    return handler(session, request)
  })
  await options.after?.(app)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  return new TestServer({ app, clock, endpoint, port, wire: options.wire ?? {}, sessions, closings, sockets })
}
