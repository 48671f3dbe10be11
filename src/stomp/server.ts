import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import type { ClusterNode } from '../cluster/node.ts'
import type { ContractShape } from '../contract.ts'
import type { Clock } from '../core/clock.ts'
import { version } from '../embedded/version.ts'
import type { MessageStream } from '../stream/message-stream.ts'
import { brokerState } from '../telemetry/channels.ts'
import { Tracing } from '../telemetry/tracing.ts'
import { type Parts, StompApplication } from './application.ts'
import { StompCluster } from './cluster/stomp-cluster.ts'
import { SessionMessages } from './cluster/session-messages.ts'
import { MessageLines } from './codec/index.ts'
import { DestinationParser } from './destinations.ts'
import { Hooks } from './hooks.ts'
import { injectClient, type InjectedClient, type InjectOptions } from './inject.ts'
import { HookObserver } from './observer.ts'
import { checkStompOptions } from './option-checks.ts'
import { type ResolvedStompOptions, resolveStompOptions, type StompPluginOptions, type StompServerOptions } from './options.ts'
import { Presence } from './presence/presence.ts'
import { Requests } from './requests/requests.ts'
import { Rights } from './rights.ts'
import { HandlerFailures } from './routes/failures.ts'
import { MessageRoute } from './routes/message-routes.ts'
import { DestinationRouter } from './routes/router.ts'
import { Sender } from './routes/sender.ts'
import type { SubscribeRoute } from './routes/subscribe-routes.ts'
import { Rules } from './rules.ts'
import type { StompHost } from './session/host.ts'
import { RateLimiter } from './session/rate.ts'
import { serveStomp } from './session/reader.ts'
import { StompRefusals } from './session/refusal-log.ts'
import { logThrown } from './session/thrown.ts'
import type { StreamSource } from './stream-source.ts'
import { Taps } from './taps.ts'
import { TcpListener } from './tcp.ts'
import { Telemetry } from '../telemetry/telemetry.ts'
import { observeServer } from './server-metrics.ts'
import { StompTelemetry } from './telemetry.ts'
import { Users } from './users.ts'

/** One registration of the STOMP layer. It puts the parts together, and starts and stops them. */
export class StompServer {
  readonly parts: Parts
  readonly options: ResolvedStompOptions
  /** The numbers of this registration. */
  readonly telemetry: StompTelemetry
  readonly destinations: DestinationParser
  readonly rules: Rules
  readonly #app: FastifyInstance
  readonly #log: FastifyBaseLogger
  /** The routes with their scopes. */
  readonly routes: (readonly [route: MessageRoute | SubscribeRoute, scope: FastifyInstance])[] = []
  /** The contracts with their scopes. */
  readonly contracts: (readonly [contract: ContractShape, scope: FastifyInstance])[] = []
  /** The work of compiling schemas, which waits for the start. */
  readonly #starting: (() => void)[] = []
  readonly #tcp: StompPluginOptions['tcp']
  #listener: TcpListener | null = null
  /** The source of streams, since the plugin has made the endpoints. */
  source: StreamSource | null = null
  /** The calls about all nodes, from the same moment on. */
  cluster: StompCluster | null = null
  /** The host of the sessions of all paths, from the start on. A user is the same on each path. */
  #host: StompHost | null = null

  /** @throws FST_STOMP_INVALID_OPTION, FST_STOMP_PREFIX_CONFLICT */
  constructor (app: FastifyInstance, options: StompServerOptions) {
    checkStompOptions(options)
    this.options = resolveStompOptions(options)
    this.#app = app
    this.#log = app.log
    this.#tcp = options.tcp
    const { broker } = options
    this.telemetry = new StompTelemetry(new Telemetry((error, instrument) => logThrown(app.log, 'error', error, { instrument }, 'the values of an instrument could not be read')))
    const { prefixes, clientSend } = this.options
    const users = new Users()
    const destinations = new DestinationParser(prefixes, broker.separator)
    const presence = new Presence(options.presence ?? [], destinations, users)
    this.rules = new Rules(options.rules ?? [], destinations)
    const rights = new Rights(this.rules, broker, clientSend)
    const taps = new Taps(destinations)
    const tracing = new Tracing()
    const requests = new Requests(users, `${prefixes[0]!}/$answer${broker.separator}`)
    const sender = new Sender(broker, taps, users, requests, rights, destinations, tracing, app.log)
    this.destinations = destinations
    this.parts = {
      broker,
      taps,
      tracing,
      hooks: new Hooks((error, hook) => logThrown(app.log, 'error', error, { hook }, 'a STOMP hook failed')),
      rights,
      users,
      presence,
      sender,
      requests,
      messages: new DestinationRouter<MessageRoute>(broker.separator, prefixes),
      subscribes: new DestinationRouter<SubscribeRoute>(broker.separator, prefixes),
      failures: new HandlerFailures(sender, app.log)
    }
  }

  /** Takes the source of streams, and the node of this server if there is an engine. */
  join (source: StreamSource, node: ClusterNode | null): void {
    const { broker, sender, requests, users, presence } = this.parts
    this.source = source
    observeServer(this.telemetry.telemetry, users, broker)
    presence.join(source.clock, node)
    requests.join(source.clock, node)
    this.cluster = new StompCluster(users, source, node)
    if (node === null) return
    broker.join?.(node)
    sender.others = new SessionMessages(users, node)
  }

  /** Begins a session on a stream. No stream comes before the start. */
  serve (stream: MessageStream, request: FastifyRequest | null): void { serveStomp(stream, request, this.#host!) }

  /**
   * Adds a route. Its schemas are compiled when the application is ready, because the scope may get schemas until then. After that, a
   * route whose schemas do not compile is not added.
   *
   * @throws FST_STOMP_INVALID_ROUTE, FST_STOMP_DUPLICATE_ROUTE
   */
  addRoute<R extends MessageRoute | SubscribeRoute> (router: DestinationRouter<R>, route: R, scope: FastifyInstance): void {
    this.whenStarting(() => route.compile(scope))
    router.add(route.path, route)
    route.times = this.telemetry.route(route instanceof MessageRoute ? 'message' : 'subscribe', this.templateOf(route.path))
    this.routes.push([route, scope])
  }

  /** Calls a function when the application is ready, or now if it is. */
  whenStarting (compile: () => void): void {
    if (this.#host === null) this.#starting.push(compile)
    else compile()
  }

  /** Makes the template of the destinations of a route, with the application prefix. Of several prefixes the first stands for all. */
  templateOf (path: string): string {
    const { options: { prefixes: [prefix = ''] }, parts: { broker } } = this
    return `${prefix}/${String(path).slice(1).replaceAll('/', broker.separator)}`
  }

  async start (): Promise<void> {
    const { broker, sender } = this.parts
    const source = this.source!
    this.#host = this.#makeHost(source.clock)
    for (const compile of this.#starting.splice(0)) compile()
    broker.onState((state, reason) => { if (brokerState.hasSubscribers) brokerState.publish({ state, reason }) })
    broker.onUserMessage((message) => { sender.deliverToUser(message) })
    await sender.others?.start()
    await broker.start({ clock: source.clock, log: this.#log, applicationPrefixes: this.options.prefixes })
    if (this.#tcp === undefined) return
    this.#listener = new TcpListener(source, this.#log)
    await this.#listener.listen(this.#tcp.port, this.#tcp.host)
  }

  get tcpPort (): number | null { return this.#listener?.port ?? null }

  /** False until `start()` has run. */
  get hasStarted (): boolean { return this.#host !== null }

  /** Stops the listener for TCP. It runs before the sessions are closed. */
  stopListening (): void { this.#listener?.close() }

  /** Makes a client without sockets, once the application is ready. */
  async inject (options?: InjectOptions): Promise<InjectedClient> {
    await this.#app.ready()
    return injectClient(this.source!, options)
  }

  #makeHost (clock: Clock): StompHost {
    const { settings, rate } = this.options
    const { broker, taps, tracing, hooks, users, presence, requests } = this.parts
    return {
      clock,
      log: this.#log,
      broker,
      taps,
      tracing,
      destinations: this.destinations,
      application: new StompApplication(this.parts),
      observer: new HookObserver(hooks, users, presence, requests),
      settings,
      server: `fastify-sockjs/${version}`,
      rate: rate === null ? null : new RateLimiter(rate, clock),
      refusals: new StompRefusals(clock, this.#log),
      lines: new MessageLines(),
      telemetry: this.telemetry
    }
  }
}
