import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { comesFrom } from '../../core/abort.ts'
import type { Clock } from '../../core/clock.ts'
import { watch } from '../../core/promise.ts'
import type { CloseEvent, Message } from '../../stream/message-stream.ts'
import { PreparedMessage } from '../../stream/prepared-message.ts'
import { sessionClose, sessionOpen } from '../../telemetry/channels.ts'
import { BODY_FACTOR, type ResolvedOptions } from '../options/options.ts'
import { PlainTexts, type ResumeClaim, ROUTE_NAMES, type RouteName, shownPath, type TransportName } from '../protocol/index.ts'
import { type AnySession, checkClose, type Ending, type Receiver, Session, type SessionFacts, type SessionHost, type SessionLimits, type SessionStatus } from '../session/index.ts'
import type { Principal } from './identity.ts'
import { type IncomingRules, Lingering } from '../transports/index.ts'
import type { TransportCounters } from '../../telemetry/transport-counters.ts'
import { type BroadcastOptions, checkBroadcast, prepare } from './broadcast.ts'
import { EndpointCluster } from './cluster.ts'
import { type Embedding, embeddingFor } from './embedding.ts'
import { type Directions, EndpointTelemetry, type RefusalReason } from './endpoint-telemetry.ts'
import { Fallbacks } from './fallbacks.ts'
import type { InjectWebSocket } from './injected-websocket.ts'
import { type OriginPolicy, originPolicy } from './origins.ts'
import type { RefusalKind } from './refusals.ts'
import type { Registration } from './registration.ts'
import { ResumableSessions } from './resumable-sessions.ts'
import type { SessionLog } from './session-log.ts'

/** The handler of an endpoint. It is called once for each session, with the request that opened the session. */
export type SessionHandler<S = Session> = (session: S, request: FastifyRequest) => unknown

/** The numbers that `endpoint.stats()` returns. */
export interface EndpointStats {
  /** Open sessions. */
  readonly sessions: number
  /** Open sessions by transport. */
  readonly transports: Readonly<Record<string, number>>
  /** Bytes that wait for the clients of this endpoint. */
  readonly bufferedBytes: number
  /** Sessions opened since the start. */
  readonly opened: number
  /** Sessions that have ended since the start, by the cause of their end. */
  readonly closed: Readonly<Record<SessionStatus, number>>
  /** Requests since the start that got no session, by reason. */
  readonly refused: Readonly<Record<RefusalReason, number>>
  /** Messages since the start. */
  readonly messages: Directions
  /** Bytes of these messages as they are encoded for the transport, without frames and headers. */
  readonly bytes: Directions
}

/** The reasons that `hasRoom` finds, as the metrics have them. */
const FULL = { maxSessions: 'max_sessions', maxDetachedSessions: 'max_detached', maxSessionsPerAddress: 'per_address' } as const satisfies Partial<Record<RefusalKind, RefusalReason>>

/** The claim by which other nodes find a session of this one. */
export interface SessionClaim {
  /** Frees the key, because the session is forgotten. */
  release (): void
}

/** One endpoint: a path, its sessions, and the calls that concern all of them. */
export class Endpoint implements SessionHost {
  /** The path, with the prefixes of its scopes. */
  readonly path: string
  /** @internal The path with the constraints, which no two endpoints share. */
  readonly name: string
  /** The calls that concern the sessions of all nodes. */
  readonly cluster: EndpointCluster
  /** @internal */
  readonly options: ResolvedOptions
  /** @internal */
  readonly registration: Registration
  /** @internal */
  readonly clock: Clock
  /** @internal */
  readonly limits: SessionLimits
  /** @internal */
  readonly plain = new PlainTexts()
  /** @internal */
  readonly incoming: IncomingRules
  /** @internal */
  readonly bodyLimit: number
  /** @internal */
  readonly origins: OriginPolicy
  /** @internal */
  readonly embedding: Embedding
  /** @internal The paths that sessions show, made once. */
  readonly shownPaths: Readonly<Record<RouteName, string>>
  /** @internal Receivers that have ended, but whose connection is not finished. */
  readonly lingering: Lingering
  /** @internal The numbers of the endpoint. */
  readonly telemetry: EndpointTelemetry
  /** @internal The clients that get no WebSocket; `null` if the endpoint offers none. */
  readonly fallbacks: Fallbacks | null
  /** @internal The sessions that clients can resume; `null` without the option `resume`. */
  readonly resumables: ResumableSessions | null
  /** Opens a WebSocket without a socket, for tests, as `injectWS` of `@fastify/websocket` does. It is set when the application is ready. */
  injectWS: InjectWebSocket | undefined
  /** @internal Ids of sessions whose `session` option is running. */
  readonly reserved = new Set<string>()
  readonly #handler: SessionHandler<AnySession>
  /** @internal */
  readonly sessionLog: SessionLog
  readonly #log: FastifyBaseLogger
  readonly #byId = new Map<string, AnySession>()
  readonly #idOf = new Map<AnySession, string>()
  /** The claims of the sessions that other nodes may ask for. */
  readonly #claims = new Map<AnySession, SessionClaim>()
  readonly #sessions = new Set<AnySession>()
  #opened = 0

  /** @internal Endpoints are made by `app.sockjs()`. */
  constructor (registration: Registration, path: string, name: string, options: ResolvedOptions, handler: SessionHandler<AnySession>, log: SessionLog) {
    this.registration = registration
    this.path = path
    this.name = name
    this.options = options
    this.clock = registration.clock
    this.lingering = new Lingering(() => registration.lessBusy())
    this.bodyLimit = options.maxMessageSize * BODY_FACTOR
    this.incoming = { maxMessageSize: options.maxMessageSize, plain: this.plain, binary: options.binary }
    this.origins = originPolicy(options.origins)
    this.embedding = embeddingFor(options.origins)
    this.shownPaths = shownPaths(path)
    this.limits = {
      heartbeat: options.heartbeat,
      disconnectDelay: options.disconnectDelay,
      pongTimeout: options.pongTimeout,
      sendTimeout: options.sendTimeout,
      highWater: options.queue.highWater,
      queueLimit: options.queue.limit,
      // The bound has room for one payload that the client has sent already, and for as much again.
      inboxLimit: Math.max(options.queue.limit, 2 * this.bodyLimit),
      overflow: options.queue.overflow,
      binary: options.binary
    }
    this.resumables = options.resume === false ? null : new ResumableSessions(this, options.resume)
    this.#handler = handler
    this.sessionLog = log
    this.#log = log.parent
    this.telemetry = new EndpointTelemetry(registration.telemetry, name, this.#sessions)
    this.fallbacks = options.transports.websocket
      ? new Fallbacks(registration.telemetry, name, this.clock, options.fallbackWarning || 0, (facts) => this.tell('fallback', this.#log, { ...facts }))
      : null
    this.cluster = new EndpointCluster(this, registration.node)
  }

  /** The open sessions. */
  get sessions (): ReadonlySet<AnySession> { return this.#sessions }

  /** Counts the open sessions and the bytes that wait for them, and returns the sums since the start. */
  stats (): EndpointStats {
    const transports: Record<string, number> = {}
    let bufferedBytes = 0
    for (const session of this.#sessions) {
      transports[session.transport] = (transports[session.transport] ?? 0) + 1
      bufferedBytes += session.bufferedBytes
    }
    const { closed, refusals: refused, messages, bytes } = this.telemetry
    return { sessions: this.#sessions.size, transports, bufferedBytes, opened: this.#opened, closed, refused, messages, bytes }
  }

  /**
   * Encodes a message once, so that it can be sent to many sessions.
   *
   * @throws FST_SOCKJS_INVALID_MESSAGE
   */
  prepare (message: Message): PreparedMessage {
    return prepare(message)
  }

  /**
   * Sends a message to every open session and encodes it once. Bytes reach raw WebSockets only.
   *
   * @returns the number of sessions that queued the message.
   * @throws FST_SOCKJS_INVALID_MESSAGE, FST_SOCKJS_INVALID_OPTION
   */
  broadcast (message: Message | PreparedMessage, options: BroadcastOptions = {}): number {
    checkBroadcast(options)
    const prepared = message instanceof PreparedMessage ? message : prepare(message)
    const framed = typeof prepared.data === 'string'
    let count = 0
    for (const session of this.#sessions) {
      if (session === options.except || session.state !== 'open' || (!framed && !session.binary)) continue
      session.send(prepared)
      count++
    }
    return count
  }

  /**
   * Closes every session of the endpoint. Clients may open new ones.
   *
   * @throws FST_SOCKJS_INVALID_CLOSE, before any session is closed.
   */
  close (code?: number, reason?: string): void {
    checkClose(code, reason)
    for (const session of [...this.#sessions]) session.close(code, reason)
  }

  /** @internal Tells whether there is room for one more session. If not, it writes the refusal to `log`. */
  hasRoom (ip: string, detachable: boolean, log: FastifyBaseLogger): boolean {
    const full = this.registration.fullBy(ip, detachable)
    if (full === null) return true
    this.telemetry.refused(FULL[full])
    this.tell(full, log, { address: ip }, full === 'maxSessionsPerAddress' ? ip : '')
    return false
  }

  /** @internal Logs why a client was refused, once a minute for each `thing`. */
  tell (kind: RefusalKind, log: FastifyBaseLogger = this.#log, facts: Record<string, unknown> = {}, thing = ''): void {
    this.registration.refusals.tell(log, kind, this.path, thing, { endpoint: this.path, ...facts })
  }

  /** @internal True while a session is not over, or its last bytes are on their way to the client. */
  get busy (): boolean { return this.#sessions.size > 0 || this.lingering.size > 0 }

  /** @internal True while clients may still come back for the close frames of their sessions, or send to these. */
  get remembersSessions (): boolean { return this.#byId.size > 0 }

  /** @internal Drops every connection that is left. */
  destroyConnections (): void {
    for (const session of [...this.#sessions]) session.terminate()
    this.lingering.destroyAll()
  }

  /** @internal The HTTP session with the client's id. */
  find (id: string): AnySession | undefined {
    return this.#byId.get(id)
  }

  /** @internal Tells whether a request with this id may still act on a session that it has found before. Its client may have come back with another id. */
  isServing (session: AnySession, id: string): boolean {
    return session.resumption === null || (!session.suspended && this.#byId.get(id) === session)
  }

  /**
   * @internal Makes a new session.
   *
   * A WebSocket session has no id by which a request could find it (SESSION-19), and no claim.
   */
  create (facts: SessionFacts<unknown, unknown>, id: string | null, claim: SessionClaim | null = null): AnySession {
    const session: AnySession = new Session(this, facts)
    this.#bind(session, id, claim)
    this.registration.added(session)
    return session
  }

  /**
   * @internal Gives a session to the client that claims it, over a new connection with another id.
   *
   * Returns `null` if the claim cannot be met. Then no session has changed.
   */
  resume (claim: ResumeClaim, principal: Principal, transport: TransportName, id: string | null, held: SessionClaim | null = null): AnySession | null {
    const session = this.resumables!.find(claim, principal)
    if (session === null) return null
    // From here on, requests with the old id find nothing, so that no late message of the old connection is taken twice.
    this.#unbind(session)
    this.#bind(session, id, held)
    session.resumption!.rebind(transport, claim)
    return session.state === 'closed' ? null : session
  }

  /** @internal Gives a session that another node has brought back the id of its client, because a request has shown it. */
  rename (id: string, to: string): void {
    const session = this.#byId.get(id)
    if (session === undefined) return
    this.#byId.delete(id)
    this.#byId.set(to, session)
    this.#idOf.set(session, to)
  }

  #bind (session: AnySession, id: string | null, claim: SessionClaim | null): void {
    if (id === null) return
    this.#byId.set(id, session)
    this.#idOf.set(session, id)
    if (claim !== null) this.#claims.set(session, claim)
  }

  #unbind (session: AnySession): void {
    const id = this.#idOf.get(session)
    if (id === undefined) return
    this.#idOf.delete(session)
    this.#byId.delete(id)
    this.#claims.get(session)?.release()
    this.#claims.delete(session)
  }

  /** @internal Hands the session to the application, once its first receiver is attached. */
  begin (session: AnySession, request: FastifyRequest | null): void {
    session.begin()
    this.#sessions.add(session)
    this.#opened++
    if (request !== null) this.fallbacks?.opened(session.transport, request)
    if (sessionOpen.hasSubscribers) sessionOpen.publish({ endpoint: this.name, session: session.id, transport: session.transport })
    try {
      // Only `accept` may give no request, and then the handler belongs to this package.
      watch(this.#handler(session, request!), (error) => session.fail(error, 'handler'))
    } catch (error) {
      session.fail(error, 'handler')
    }
    // The hooks of the session began before the shutdown did.
    if (this.registration.closing) session.end('shutdown')
  }

  /** @internal Opens a session for a client that did not come through the routes of the endpoint. */
  accept (facts: SessionFacts<unknown, unknown>, receive: (session: AnySession) => Receiver): AnySession {
    const session = this.create(facts, null)
    session.output.attach(receive(session))
    this.begin(session, null)
    return session
  }

  // --- SessionHost -------------------------------------------------------------------------------------------

  /** @internal */
  reachable (): Promise<boolean> | null {
    const { node } = this.registration
    return node === null || node.isLost ? null : node.wereAllConnected(this.limits.disconnectDelay)
  }

  /** @internal */
  schedule (session: AnySession): void { this.registration.flusher.add(session) }

  /** @internal */
  account (delta: number): void { this.registration.account(delta) }

  /** @internal */
  counters (transport: TransportName): TransportCounters { return this.telemetry.counters(transport) }

  /** @internal */
  log (transport: TransportName, request: string, session: string): FastifyBaseLogger { return this.sessionLog.child(transport, request, session) }

  /** @internal */
  failed (session: AnySession, error: unknown, during: string): void {
    const facts = { err: error, endpoint: this.path, session: session.id, transport: session.transport, during }
    if (session.state === 'closed' && comesFrom(session.signal, error)) this.#log.debug(facts, 'the application went on after the session had ended')
    else this.#log.error(facts, `the application failed: the ${during} of endpoint ${this.path}`)
    const tellFailed = (second: unknown): void => this.#log.error({ err: second, session: session.id }, `onSessionError of endpoint ${this.path} failed`)
    try {
      watch(this.options.onSessionError?.(error, session), tellFailed)
    } catch (second) {
      tellFailed(second)
    }
  }

  /** @internal Logs an error of a listener that belongs to no session. */
  listenerFailed (error: unknown, during: string): void {
    this.#log.error({ err: error, endpoint: this.path, during }, `the application failed: the ${during} of endpoint ${this.path}`)
  }

  /** @internal */
  ended (session: AnySession, event: CloseEvent, ending: Ending, log: Ending['log']): void {
    this.#sessions.delete(session)
    this.telemetry.ended(session.transport, event, ending, (this.clock.now() - session.openedAt) / 1000)
    this.registration.lessBusy()
    if (log !== undefined) this.tell(log, this.#log, { session: session.id, transport: session.transport })
    if (sessionClose.hasSubscribers) sessionClose.publish({ endpoint: this.name, session: session.id, transport: session.transport, status: ending.status, ...event })
    // An id that was not read before would stand in this line alone, and making it is 1 % of the cost of a short session.
    this.#log.debug({ session: session.knownId, transport: session.transport, ...event }, 'session closed')
  }

  /** @internal */
  forget (session: AnySession): void {
    this.#unbind(session)
    this.registration.removed(session)
  }

  /** @internal */
  maySuspend (session: AnySession): boolean { return this.registration.maySuspend(session) }

  /** @internal */
  attached (_session: AnySession, attached: boolean): void { this.registration.attached(attached ? 1 : -1) }
}

function shownPaths (prefix: string): Record<RouteName, string> {
  return Object.fromEntries(ROUTE_NAMES.map((route) => [route, shownPath(prefix, route)])) as Record<RouteName, string>
}
