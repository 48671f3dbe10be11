import type { Socket } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import type { Wire } from './client.ts'
import sockjs, {
  type CloseEvent, type Endpoint, type EndpointOptions, ManualClock, type Session, type SessionHandler, type SockjsPluginOptions
} from '../../src/index.ts'
import { Arrivals, within } from './wait.ts'

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

  stop (): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop (): Promise<void> {
    for (const client of this.#clients) client.abort()
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

export async function buildServer (t: Test, options: ServerOptions = {}): Promise<TestServer> {
  const app = Fastify({ ...options.fastify }) as unknown as FastifyInstance
  const clock = new ManualClock()
  const sessions = new Arrivals<Session>()
  const closings = new Arrivals<CloseEvent>()
  const sockets = new Set<Socket>()
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await options.before?.(app)
  await app.register(sockjs, { origins: '*', ...(options.systemClock ? {} : { clock }), ...options.plugin })
  const handler = options.handler ?? echo
  const endpoint = app.sockjs('/echo', options.endpoint ?? {}, (session, request) => {
    session.on('close', (event) => closings.push(event))
    sessions.push(session)
    return handler(session, request)
  })
  await options.after?.(app)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const server = new TestServer({ app, clock, endpoint, port, wire: options.wire ?? {}, sessions, closings, sockets })
  t.teardown(() => server.stop())
  return server
}
