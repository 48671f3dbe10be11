import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import sockjs, { ManualClock, type SockjsPluginOptions } from '../../src/index.ts'
import stomp, { type Broker, memoryBroker, type StompFacade, type StompPluginOptions, type Version } from '../../src/stomp.ts'
import type { ClientCommand, Frame, HeadersLike, ServerCommand } from '../../src/stomp/codec/index.ts'
import type { InjectedClient } from '../../src/stomp.ts'
import { WebSocket, type ClientOptions } from 'ws'
import { Arrivals, deferred, within } from '../support/wait.ts'

/** The time for which a client waits for a frame, in milliseconds. Only a frame that does not come takes it. */
const PATIENCE = 10_000

export interface StompTestOptions {
  readonly fastify?: FastifyServerOptions & Record<string, unknown>
  readonly sockjs?: SockjsPluginOptions
  /** Options of the layer; path `/stomp` and a memory broker unless given. */
  readonly stomp?: Partial<StompPluginOptions>
  /** Leaves the choice of the broker to the layer. */
  readonly defaultBroker?: boolean
  /** Runs before the plugins are registered. */
  readonly before?: (app: FastifyInstance) => unknown
  /** Adds routes and hooks. */
  readonly routes?: (app: FastifyInstance) => unknown
  /** Listens on a port of the system's choice. */
  readonly listen?: boolean
}

export interface LogLine {
  readonly level: number
  readonly msg: string
}

/** How a test client connects. */
export interface ConnectOptions {
  readonly version?: Version
  readonly user?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** An application with the layer in it, on a clock that the test moves. */
export class StompTestServer {
  readonly app: FastifyInstance
  readonly clock: ManualClock
  readonly broker: Broker
  /** Every line of the log, at level trace. */
  readonly log: string[]

  constructor (parts: Pick<StompTestServer, 'app' | 'clock' | 'broker' | 'log'>) {
    this.app = parts.app
    this.clock = parts.clock
    this.broker = parts.broker
    this.log = parts.log
  }

  get stomp (): StompFacade { return this.app.stomp }
  get port (): number { return (this.app.server.address() as { port: number }).port }

  /** What was logged at level error or above. */
  get failures (): LogLine[] {
    return this.log.map((line) => JSON.parse(line) as LogLine).filter(({ level }) => level >= 50)
  }

  /** A client below the transports that has not said CONNECT. */
  async open ({ version = '1.2', user }: Omit<ConnectOptions, 'headers'> = {}): Promise<StompTestClient> {
    return new StompTestClient(await this.stomp.inject({ connect: false, version, user }), version)
  }

  /** A client that has got CONNECTED. */
  async connect (options: ConnectOptions = {}): Promise<StompTestClient> {
    const client = await this.open(options)
    client.connected = await client.hello(options.headers)
    if (client.connected.command !== 'CONNECTED') throw new Error(`CONNECTED was due, but ${text(client.connected)} came`)
    return client
  }
}

/** Closes the application while time goes on, so that clients that do not take their close frame cannot hold it. */
async function closeInTime (app: FastifyInstance, clock: ManualClock): Promise<void> {
  const ticking = setInterval(() => clock.advance(50), 1)
  await within(app.close(), 'app.close()').finally(() => clearInterval(ticking))
}

export async function buildStomp (t: Test, options: StompTestOptions = {}): Promise<StompTestServer> {
  const log: string[] = []
  const app = Fastify({ logger: { level: 'trace', stream: { write: (line: string) => { log.push(line) } } }, ...options.fastify }) as unknown as FastifyInstance
  const clock = new ManualClock()
  t.teardown(() => closeInTime(app, clock))
  const broker = options.defaultBroker === true ? {} : { broker: memoryBroker() }
  await options.before?.(app)
  await app.register(sockjs, { origins: '*', clock, statsInterval: 0, ...options.sockjs })
  await app.register(stomp, { path: '/stomp', ...broker, ...options.stomp })
  await options.routes?.(app)
  if (options.listen === true) await app.listen({ port: 0, host: '127.0.0.1' })
  else await app.ready()
  return new StompTestServer({ app, clock, broker: app.stomp.broker, log })
}

/** A client that reads every frame in its order, and hides nothing. */
export class StompTestClient {
  readonly version: Version
  readonly inner: InjectedClient
  connected: Frame<ServerCommand> | undefined
  /** MESSAGEs that came while something else was waited for. */
  readonly #early: Frame<ServerCommand>[] = []
  #count = 0

  constructor (inner: InjectedClient, version: Version) {
    this.inner = inner
    this.version = version
  }

  get closed () { return within(this.inner.closed, 'the close') }

  frame (command: ClientCommand, headers?: HeadersLike, body?: string | Uint8Array): this {
    this.inner.frame(command, headers, body)
    return this
  }

  raw (chunk: string | Uint8Array): this {
    this.inner.raw(chunk)
    return this
  }

  /** CONNECT, and what comes back. */
  hello (headers: Readonly<Record<string, string>> = {}): Promise<Frame<ServerCommand>> {
    return this.frame('CONNECT', { 'accept-version': this.version, host: 'test', ...headers }).next()
  }

  /** The next frame of all. */
  async next (): Promise<Frame<ServerCommand>> {
    return this.#early.shift() ?? await this.inner.next(undefined, PATIENCE)
  }

  async message (): Promise<Frame<ServerCommand>> {
    const frame = await this.next()
    if (frame.command !== 'MESSAGE') throw new Error(`MESSAGE was due, but ${text(frame)} came`)
    return frame
  }

  async json (): Promise<unknown> { return JSON.parse((await this.message()).body.text) as unknown }

  /** Sends a frame with a receipt and gives the answer, RECEIPT or ERROR. */
  async ask (command: ClientCommand, headers: Readonly<Record<string, string>> = {}, body?: string | Uint8Array): Promise<Frame<ServerCommand>> {
    const receipt = headers['receipt'] ?? `ask-${++this.#count}`
    this.frame(command, { ...headers, receipt }, body)
    for (;;) {
      const frame = await this.inner.next(undefined, PATIENCE)
      if (frame.command === 'MESSAGE') this.#early.push(frame)
      else if (frame.command === 'ERROR' || frame.headers.get('receipt-id') === receipt) return frame
    }
  }

  /** As `ask`, and it must succeed. */
  async ok (command: ClientCommand, headers: Readonly<Record<string, string>> = {}, body?: string | Uint8Array): Promise<this> {
    const answer = await this.ask(command, headers, body)
    if (answer.command !== 'RECEIPT') throw new Error(`RECEIPT was due, but ${text(answer)} came`)
    return this
  }

  subscribe (id: string, destination: string, headers: Readonly<Record<string, string>> = {}): Promise<this> {
    return this.ok('SUBSCRIBE', { id, destination, ...headers })
  }

  send (destination: string, body: string | Uint8Array = '', headers: Readonly<Record<string, string>> = {}): Promise<this> {
    return this.ok('SEND', { destination, ...headers }, body)
  }

  sendJson (destination: string, value: unknown, headers: Readonly<Record<string, string>> = {}): Promise<this> {
    return this.send(destination, JSON.stringify(value), { 'content-type': 'application/json', ...headers })
  }

  /** Every MESSAGE that has been sent to this client by now: two frames that do nothing go to the server and come back. */
  async arrived (): Promise<Frame<ServerCommand>[]> {
    await this.ok('BEGIN', { transaction: 'fence' })
    await this.ok('ABORT', { transaction: 'fence' })
    return this.#early.splice(0)
  }

  /** The bodies of `arrived()`. */
  async bodies (): Promise<string[]> {
    return (await this.arrived()).map(({ body }) => body.text)
  }
}

export function headersOf (frame: Frame): Record<string, string> {
  return Object.fromEntries(frame.headers)
}

/** A frame in one line, for messages and comparisons. */
export function text (frame: Frame): string {
  return `${frame.command} ${JSON.stringify(headersOf(frame))} ${JSON.stringify(frame.body.text)}`
}

/**
 * The client must get an ERROR now, with everything that belongs to it, and then the close (STOMP-X1).
 * `message` may say more of its text.
 */
export async function refused (t: Test, client: StompTestClient, code: string, message: RegExp = /./, receipt?: string): Promise<Frame> {
  const frame = await client.next()
  t.equal(frame.command, 'ERROR', `${code}: ${text(frame)}`)
  t.match(frame.headers.get('message'), message)
  t.equal(frame.headers.get('code'), code)
  t.equal(frame.headers.get('receipt-id'), receipt)
  t.equal(frame.headers.get('content-type'), 'text/plain')
  t.equal(frame.headers.get('content-length'), String(frame.body.length))
  t.ok(frame.body.length > 0)
  t.equal((await client.closed).code, 1002)
  t.strictSame(client.inner.waiting, [], 'nothing follows')
  return frame
}

/** The code of what a function throws or rejects with. */
export async function codeOf (action: () => unknown): Promise<string | undefined> {
  try {
    await action()
    return undefined
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

/** A message of a WebSocket, with the moment of the server's clock at which it came. */
export interface SocketMessage {
  readonly at: number
  readonly text: string
  readonly bytes: Buffer
  readonly isBinary: boolean
}

export interface StompSocketOptions extends ClientOptions {
  readonly path?: string
  readonly protocols?: string[]
}

/** A plain WebSocket to a STOMP endpoint: here every message counts, and what is in it is not taken apart. */
export class StompSocket {
  readonly ws: WebSocket
  readonly messages = new Arrivals<SocketMessage>()
  readonly #opened = deferred<void>()
  readonly #closed = deferred<{ code: number, reason: string }>()

  constructor (t: Test, server: StompTestServer, { path = '/stomp', protocols = ['v12.stomp'], ...options }: StompSocketOptions = {}) {
    this.ws = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, protocols, options)
    this.ws.on('open', () => this.#opened.resolve())
    this.ws.on('error', (error) => this.#opened.reject(error))
    this.ws.on('message', (data, isBinary) => {
      const bytes = data as Buffer
      this.messages.push({ at: server.clock.now(), text: bytes.toString(), bytes, isBinary })
    })
    this.ws.on('close', (code, reason) => {
      this.#closed.resolve({ code, reason: reason.toString() })
      this.messages.end(new Error(`the WebSocket has closed with ${code} ${reason.toString()}`))
    })
    t.teardown(() => this.ws.terminate())
  }

  get opened (): Promise<void> { return within(this.#opened.promise, 'a WebSocket') }
  get closed (): Promise<{ code: number, reason: string }> { return within(this.#closed.promise, 'the close') }
  get texts (): string[] { return this.messages.all.map(({ text }) => text) }

  send (data: string | Uint8Array): this {
    this.ws.send(data)
    return this
  }

  async next (): Promise<string> { return (await this.messages.next('a message')).text }

  /** CONNECT; gives CONNECTED. */
  async connect (headers: string = '', version: string = '1.2'): Promise<string> {
    await this.opened
    return await this.send(`CONNECT\naccept-version:${version}\n${headers}\n\0`).next()
  }

  /** All that was sent until now is here when a pong has come back. */
  async settled (): Promise<void> {
    const pong = new Promise((resolve) => this.ws.once('pong', resolve))
    this.ws.ping()
    await within(pong, 'a pong')
  }
}
