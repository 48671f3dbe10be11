import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import { version } from '../embedded/version.ts'
import type { Endpoint } from '../sockjs/endpoint/endpoint.ts'
import type { AnySession } from '../sockjs/session/index.ts'
import { type Parts, StompApplication } from './application.ts'
import type { Broker } from './broker/broker.ts'
import { Hooks } from './hooks.ts'
import { injectClient, type InjectedClient, type InjectOptions } from './inject.ts'
import { type ResolvedStompOptions, resolveStompOptions, type StompPluginOptions } from './options.ts'
import type { MessageRoute } from './routes/message-routes.ts'
import { DestinationRouter } from './routes/router.ts'
import { Sender } from './routes/sender.ts'
import type { SubscribeRoute } from './routes/subscribe-routes.ts'
import { Rules } from './rules.ts'
import type { StompHost } from './session/host.ts'
import { RateLimiter } from './session/rate.ts'
import { RefusalLog } from './session/refusal-log.ts'
import { StompSession } from './session/stomp-session.ts'
import { logThrown } from './session/thrown.ts'
import { TcpListener } from './tcp.ts'
import { Users } from './users.ts'

/** One registration of the STOMP layer: its parts, put together and run. */
export class StompServer {
  readonly parts: Parts
  readonly broker: Broker
  readonly options: ResolvedStompOptions
  readonly #endpoints: Endpoint[] = []
  readonly #app: FastifyInstance
  readonly #log: FastifyBaseLogger
  readonly #ready: (() => void)[] = []
  readonly #tcp: StompPluginOptions['tcp']
  #listener: TcpListener | null = null
  #started = false
  /** One for all paths: a user is the same on each. */
  #rate: RateLimiter | null = null
  #refusals: RefusalLog | null = null

  constructor (app: FastifyInstance, options: StompPluginOptions) {
    this.options = resolveStompOptions(options)
    this.broker = options.broker
    this.#app = app
    this.#log = app.log
    this.#tcp = options.tcp
    const users = new Users()
    const { separator } = options.broker
    this.parts = {
      log: app.log,
      broker: options.broker,
      prefixes: this.options.prefixes,
      separator,
      hooks: new Hooks((error, hook) => logThrown(app.log, 'error', error, { hook }, 'a STOMP hook failed')),
      rules: new Rules(options.rules ?? [], separator),
      users,
      sender: new Sender(options.broker, users, app.log),
      messages: new DestinationRouter<MessageRoute>(separator, this.options.prefixes),
      subscribes: new DestinationRouter<SubscribeRoute>(separator, this.options.prefixes),
      clientSend: this.options.clientSend,
      errorHandler: null
    }
  }

  /** Serves one path; what clients of SockJS, WebSocket and TCP have in common begins here. */
  addEndpoint (endpoint: (handler: (session: AnySession, request: FastifyRequest | null) => void) => Endpoint): void {
    let host: StompHost | null = null
    const own = endpoint((stream, request) => {
      host ??= this.#hostFor(own)
      StompSession.serve(stream, request, host)
    })
    this.#endpoints.push(own)
  }

  /** Runs `step` once the application is ready: schemas may be added until then. */
  whenReady (step: () => void): void {
    if (this.#started) step()
    else this.#ready.push(step)
  }

  async start (): Promise<void> {
    this.#started = true
    for (const step of this.#ready) step()
    const [first] = this.#endpoints
    this.broker.onUserMessage((message) => { this.parts.sender.deliverToUser(message) })
    await this.broker.start({ clock: first!.clock, log: this.#log })
  }

  async listen (): Promise<void> {
    if (this.#tcp === undefined) return
    this.#listener = new TcpListener(this.#endpoints[0]!, this.#log)
    await this.#listener.listen(this.#tcp.port, this.#tcp.host)
  }

  get tcpPort (): number | null { return this.#listener?.port ?? null }

  /** Before the sessions are closed. */
  stopListening (): void { this.#listener?.close() }

  /** After the sessions were closed. */
  stop (): Promise<void> { return this.broker.stop() }

  async inject (options?: InjectOptions): Promise<InjectedClient> {
    await this.#app.ready()
    return injectClient(this.#endpoints[0]!, options)
  }

  #hostFor (endpoint: Endpoint): StompHost {
    const { limits, heartBeat, hosts, rate, transactionReceipts, messages } = this.options
    this.#refusals ??= new RefusalLog(endpoint.clock, this.#log)
    if (rate !== null) this.#rate ??= new RateLimiter(rate, endpoint.clock)
    return {
      clock: endpoint.clock,
      log: this.#log,
      broker: this.broker,
      application: new StompApplication(this.parts),
      limits,
      heartBeat,
      server: `fastify-sockjs/${version}`,
      hosts,
      rate: this.#rate,
      refusals: this.#refusals,
      transactionReceipts,
      messages
    }
  }
}
