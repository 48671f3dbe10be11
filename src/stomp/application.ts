import type { FastifyBaseLogger } from 'fastify'
import type { Broker } from './broker/broker.ts'
import { type ClientCommand, type Frame, FrameHeaders } from './codec/index.ts'
import { isMistake, StompError } from './errors.ts'
import type { ConnectFrame, DisconnectInfo, Hooks } from './hooks.ts'
import type { MessageRoute } from './routes/message-routes.ts'
import type { DestinationRouter } from './routes/router.ts'
import type { Sender } from './routes/sender.ts'
import type { SubscribeRoute } from './routes/subscribe-routes.ts'
import type { Rules } from './rules.ts'
import { oneLine } from './session/error-frame.ts'
import type { Application, Feed, IncomingMessage } from './session/host.ts'
import type { StompSession } from './session/stomp-session.ts'
import type { Subscription } from './session/subscriptions.ts'
import { logThrown, readThrown, type Thrown } from './session/thrown.ts'
import { userHeaders } from './session/user-headers.ts'
import { parseUserDestination, USER_PREFIX, type Users } from './users.ts'

/** Where the errors of handlers arrive, for a client that subscribes it (STOMP-R3). */
export const ERROR_DESTINATION = '/user/queue/errors'

/** What handlers and hooks throw: errors as Fastify knows them. */
export type ApplicationError = Error & {
  /** As HTTP would say it; below 500 the client is told the message. Default 500. */
  statusCode?: number
  /** Told to the client as `error`. */
  code?: string
}

/** Told of every error of the application's own code; what it returns instead of `undefined` goes to the client as the error. */
export type StompErrorHandler = (error: ApplicationError, context: { session: StompSession, destination: string }) => unknown

/** The parts of the application. */
export interface Parts {
  readonly log: FastifyBaseLogger
  readonly broker: Broker
  readonly prefixes: readonly string[]
  readonly separator: '/' | '.'
  readonly hooks: Hooks
  readonly rules: Rules
  readonly users: Users
  readonly sender: Sender
  readonly messages: DestinationRouter<MessageRoute>
  readonly subscribes: DestinationRouter<SubscribeRoute>
  /** Whether clients may send to the broker's destinations themselves (SEC-S65). */
  readonly clientSend: 'any' | 'application-only'
  errorHandler: StompErrorHandler | null
}

/** What a client is told of a handler's error. */
export interface ErrorBody {
  /** The code of the error, `FST_STOMP_VALIDATION` say; `STOMP_HANDLER_FAILED` where it is not told. */
  readonly error: string
  /** For people; of errors with a status below 500 only. */
  readonly message: string
  /** As HTTP would say it. */
  readonly statusCode: number
  /** Where the message was sent, or what was subscribed. */
  readonly destination: string
}

/** Everything above the sessions, put together. */
export class StompApplication implements Application {
  readonly #parts: Parts

  constructor (parts: Parts) {
    this.#parts = parts
  }

  async connecting (session: StompSession, { headers }: Frame<ClientCommand>): Promise<void> {
    const { hooks, rules } = this.#parts
    await hooks.run('onConnect', connectFrame(headers), session, session.request)
    await rules.check(session, { type: 'connect', destination: '', headers })
  }

  connected (session: StompSession): void {
    this.#parts.users.add(session)
    this.#parts.hooks.tell('onConnected', session)
  }

  checkSend (session: StompSession, frame: Frame<ClientCommand>): void | Promise<void> {
    const { hooks } = this.#parts
    const destination = frame.headers.get('destination')!
    const allowed = this.#checkRights(session, destination, frame.headers)
    if (!hooks.has('preSend')) return allowed
    return Promise.resolve(allowed)
      .then(() => hooks.run('preSend', session, { destination, headers: userHeaders(frame.headers), body: frame.body }))
  }

  #checkRights (session: StompSession, destination: string, headers: FrameHeaders): void | Promise<void> {
    const { rules, clientSend, broker } = this.#parts
    const owner = this.ownerOf(destination)
    if (owner === 'broker' && broker.isPrivate(destination)) return
    if (owner === 'broker' && clientSend === 'application-only') throw new StompError('STOMP_ACCESS_REFUSED')
    // A client must not reach other users, unless a rule says so (SPRING-F6).
    if (owner === 'user' && rules.empty) throw new StompError('STOMP_ACCESS_REFUSED')
    if (!rules.empty) return rules.check(session, { type: 'send', destination, headers })
  }

  checkSubscribe (session: StompSession, { headers }: Frame<ClientCommand>): void | Promise<void> {
    const { hooks, rules } = this.#parts
    const destination = headers.get('destination')!
    // A wildcard never reaches what belongs to users (SEC-S64).
    if (this.ownerOf(destination) === 'user' && destination.split(/[/.]/).some((segment) => segment === '*' || segment === '**')) {
      throw new StompError('STOMP_ACCESS_REFUSED')
    }
    if (rules.empty && !hooks.has('onSubscribe')) return
    const allowed = this.#parts.broker.isPrivate(destination) ? Promise.resolve() : rules.check(session, { type: 'subscribe', destination, headers })
    return allowed
      .then(() => hooks.run('onSubscribe', session, { id: headers.get('id'), destination, headers }))
  }

  /** An answer goes by the rules for the client's own SENDs; `preSend` sees only what clients really send. */
  checkReplyTo (session: StompSession, destination: string): void | Promise<void> {
    return this.#checkRights(session, destination, new FrameHeaders())
  }

  ownerOf (destination: string): 'application' | 'user' | 'broker' {
    if (this.#restOf(destination) !== null) return 'application'
    return destination.startsWith(USER_PREFIX + '/') ? 'user' : 'broker'
  }

  serves (destination: string): boolean {
    return this.#parts.messages.find(this.#restOf(destination)!) !== null
  }

  async handle (message: IncomingMessage): Promise<void> {
    const { session, destination, receipt } = message
    const match = this.#parts.messages.find(this.#restOf(destination)!)
    if (match === null) throw new StompError('STOMP_UNKNOWN_DESTINATION')
    try {
      // A stream that breaks later breaks after the RECEIPT: its error names none.
      await match.route.run(match, message, this.#parts.sender, {
        failed: (error) => this.#handlerFailed(session, destination, error, undefined),
        lost: (error) => this.#failedUnheard(session, destination, error)
      })
    } catch (error) {
      await this.#handlerFailed(session, destination, error, receipt)
    }
  }

  sendToUser ({ destination, headers, body }: IncomingMessage): void | Promise<void> {
    const named = parseUserDestination(destination)
    if (named === null) throw new StompError('STOMP_UNKNOWN_DESTINATION')
    return this.#parts.sender.forwardToUser({ user: named.name, destination: USER_PREFIX + named.rest, headers, body })
  }

  feed (session: StompSession, subscription: Subscription, frame: Frame<ClientCommand>): Feed | null {
    const { destination } = subscription
    const match = this.#parts.subscribes.find(this.#restOf(destination)!)
    return match === null
      ? null
      : match.route.start(match, session, subscription, frame, {
        failed: (error, receipt) => this.#handlerFailed(session, destination, error, receipt),
        lost: (error) => this.#failedUnheard(session, destination, error)
      })
  }

  subscribed (session: StompSession, subscription: Subscription): void {
    const { id, destination } = subscription
    subscription.registered = true
    this.#parts.hooks.tell('onSubscribed', session, { id, destination })
  }

  unsubscribed (session: StompSession, { id, destination, registered }: Subscription): void {
    if (registered) this.#parts.hooks.tell('onUnsubscribe', session, { id, destination })
  }

  left (session: StompSession): void {
    this.#parts.users.remove(session)
  }

  disconnected (session: StompSession, info: DisconnectInfo): void {
    this.#parts.hooks.tell('onDisconnect', session, info)
  }

  failed (session: StompSession, error: unknown): void {
    this.#parts.hooks.tell('onError', session, error)
  }

  expired (session: StompSession): void | Promise<void> {
    if (this.#parts.hooks.has('onExpire')) return this.#parts.hooks.run('onExpire', session)
  }

  /** What stands behind an application prefix, or `null`. */
  #restOf (destination: string): string | null {
    for (const prefix of this.#parts.prefixes) {
      const next = destination[prefix.length]
      if (destination.startsWith(prefix) && (next === '/' || next === this.#parts.separator)) return destination.slice(prefix.length)
    }
    return null
  }

  /**
   * The application's own errors: a message to those who subscribe to errors, else an ERROR and the close (STOMP-R3).
   * Only what the application says with a status below 500 is meant for the client.
   */
  async #handlerFailed (session: StompSession, destination: string, error: unknown, receipt: string | undefined): Promise<void> {
    try {
      await this.#tellFailure(session, destination, error, receipt)
    } catch (second) {
      // The error handler has failed, or its value has no JSON form.
      session.fail(second, { receipt, destination })
    }
  }

  async #tellFailure (session: StompSession, destination: string, thrown: unknown, receipt: string | undefined): Promise<void> {
    const known = readThrown(thrown)
    const { error, code, statusCode = 500, message } = known
    this.#failedUnheard(session, destination, thrown)
    if (statusCode === 401 || statusCode === 403) session.tellRefused({ code: code ?? '', statusCode, message }, { destination })
    if (session.state !== 'connected') return
    const body = await this.#parts.errorHandler?.(error, { session, destination }) ?? errorBody(known, statusCode, destination)
    if (this.#parts.sender.toSessions([session], ERROR_DESTINATION, body).sessions > 0) return
    session.fail(error instanceof StompError ? error : new StompError('STOMP_HANDLER_FAILED', statusCode < 500 ? oneLine(message) : undefined), { receipt, destination })
  }

  /** Failures of the application stand in the log; an error that it throws with a status below 500 is meant for the client alone. */
  #failedUnheard (session: StompSession, destination: string, thrown: unknown): void {
    const { error, statusCode = 500 } = readThrown(thrown)
    if (statusCode >= 500 || isMistake(error)) logThrown(this.#parts.log, 'error', thrown, { session: session.id, destination }, 'a handler failed')
  }
}

function connectFrame (headers: FrameHeaders): ConnectFrame {
  return {
    headers,
    login: headers.get('login'),
    passcode: headers.get('passcode'),
    authorization: headers.get('authorization') ?? headers.get('Authorization')
  }
}

function errorBody ({ error, code, message }: Thrown, statusCode: number, destination: string): ErrorBody {
  return statusCode < 500
    ? { error: code ?? error.name, message, statusCode, destination }
    : { error: 'STOMP_HANDLER_FAILED', message: 'The message could not be processed', statusCode, destination }
}
