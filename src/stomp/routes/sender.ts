import { type Check, expected, firstProblem, milliseconds, plainObject } from '../../core/check.ts'
import { isPromise } from '../../core/promise.ts'
import { shown } from '../../core/suggestion.ts'
import type { Tracing } from '../../telemetry/tracing.ts'
import type { Broker, BrokerLog, Done, UserMessage } from '../broker/broker.ts'
import { FrameHeaders, type HeadersLike } from '../codec/index.ts'
import { type DestinationParser, isUserDestination, USER_PREFIX } from '../destinations.ts'
import { mistake, stompErrors } from '../errors.ts'
import type { Requests } from '../requests/requests.ts'
import type { Rights } from '../rights.ts'
import type { SessionMessages } from '../cluster/session-messages.ts'
import { oneLine } from '../session/error-frame.ts'
import { StompSession } from '../session/stomp-session.ts'
import { readThrown } from '../session/thrown.ts'
import { userHeaders } from '../session/user-headers.ts'
import type { Taps } from '../taps.ts'
import type { Users } from '../users.ts'
import { contentTypeOf, isUtf8Charset } from './content-type.ts'
import { decodeContent, encodeContent } from './content.ts'
import { type DestinationLike, pathOf } from './typed-destination.ts'

/** The options of a message besides its value. */
export interface SendOptions {
  /** More headers of the message. `content-type` replaces that of the server. */
  readonly headers?: HeadersLike
}

/** The options of a question besides its value. */
export interface RequestOptions extends SendOptions {
  /** The time for the answer, in milliseconds. 10,000 by default. */
  readonly timeout?: number
  /** A signal that ends the wait. The promise rejects with its reason. */
  readonly signal?: AbortSignal
}

/** The delivery of a message for a user. */
export interface UserDelivery {
  /** The number of sessions of this process for which the message was queued. */
  readonly sessions: number
  /**
   * Resolves when the broker or the engine has the message for the sessions of other processes. It is left out where no other process can have such sessions.
   * A rejection is logged, too.
   */
  readonly elsewhere?: Promise<void>
}

/** Sends messages of the application to the broker and to users. */
export class Sender {
  readonly #broker: Broker
  readonly #taps: Taps
  readonly #users: Users
  readonly #requests: Requests
  readonly #rights: Rights
  readonly #destinations: DestinationParser
  readonly #tracing: Tracing
  readonly #log: BrokerLog
  /** The way to the sessions of other nodes, `null` without an engine. The server sets it before it starts. */
  others: SessionMessages | null = null

  constructor (broker: Broker, taps: Taps, users: Users, requests: Requests, rights: Rights, destinations: DestinationParser, tracing: Tracing, log: BrokerLog) {
    this.#broker = broker
    this.#taps = taps
    this.#users = users
    this.#requests = requests
    this.#rights = rights
    this.#destinations = destinations
    this.#tracing = tracing
    this.#log = log
  }

  /** @throws FST_STOMP_INVALID_DESTINATION, FST_STOMP_INVALID_BODY, or the refusal of the broker */
  async publish (destination: DestinationLike, value: unknown, options: SendOptions = {}): Promise<void> {
    const path = pathOf(destination)
    if (this.#destinations.parse(path).owner === 'presence') throw mistake(new stompErrors.InvalidDestination(path, 'only the server tells who is present'))
    if (!this.#broker.accepts(path, 'send')) throw mistake(new stompErrors.InvalidDestination(path, notServed(path)))
    const message = { destination: path, ...this.#encode(value, options) }
    await this.#taps.after(this.#broker.publish(message), message)
  }

  /**
   * Sends an answer to the `reply-to` of a client. It goes over the client's own connection to the broker, because only that
   * connection knows its temporary queues.
   */
  async reply (session: StompSession, destination: string, value: unknown, options: SendOptions = {}): Promise<void> {
    const message = { destination, ...this.#encode(value, options) }
    // The rules for the SENDs of the client hold for the answer, too. The hook preSend sees only frames that the client really sends.
    await this.#rights.checkSend(session, this.#destinations.parse(destination), new FrameHeaders())
    if (!this.#broker.accepts(destination, 'send')) throw new stompErrors.InvalidDestination(destination, notServed(destination))
    if (session.connection !== null) await this.#taps.after(session.connection.publish(message), message)
  }

  publishToUser (user: string, destination: DestinationLike, value: unknown, options: SendOptions = {}): UserDelivery {
    if (typeof user !== 'string' || user === '') throw new stompErrors.InvalidOption('user', `must be the name of a user, not ${shown(user)}`)
    const message = { user, destination: userDestination(destination), ...this.#encode(value, options) }
    return { sessions: this.deliverToUser(message), ...this.#elsewhere(this.#broker.publishToUser(message)) }
  }

  /**
   * Sends to one session. A session that this node does not know may be one of another node.
   *
   * @throws FST_STOMP_INVALID_OPTION, FST_STOMP_INVALID_DESTINATION, FST_STOMP_INVALID_BODY
   */
  publishToSession (session: StompSession | string, destination: DestinationLike, value: unknown, options: SendOptions = {}): UserDelivery {
    checkSession(session)
    const id = typeof session === 'string' ? session : session.id
    const own = this.#users.session(id)
    if (own !== undefined || this.others === null || id !== session) return this.toSessions(own === undefined ? [] : [own], destination, value, options)
    const message = { destination: userDestination(destination), ...this.#encode(value, options) }
    return { sessions: 0, ...this.#elsewhere(this.others.publish(id, message)) }
  }

  /**
   * Asks one session, and resolves with its answer.
   *
   * @throws FST_STOMP_INVALID_OPTION, FST_STOMP_INVALID_DESTINATION, FST_STOMP_INVALID_BODY, and the errors of the question: FST_STOMP_REQUEST_GONE and others
   */
  async request (session: StompSession | string, destination: DestinationLike, value: unknown, { timeout = TIMEOUT, signal, ...options }: RequestOptions = {}): Promise<unknown> {
    checkSession(session)
    const wrong = firstProblem({ timeout, signal }, REQUEST_OPTIONS)
    if (wrong !== null) throw new stompErrors.InvalidOption(wrong.name, wrong.problem)
    const message = { destination: userDestination(destination), ...this.#encode(value, options) }
    const { headers, body } = await this.#requests.ask(session, { message, timeout, signal })
    const refused = headers.get('error')
    if (refused !== undefined) throw new stompErrors.RequestRefused(oneLine(refused))
    try {
      return decodeContent(body, headers)
    } catch (error) {
      throw new stompErrors.RequestInvalid(readThrown(error).message, { cause: error })
    }
  }

  /** Sends the message of a client to the sessions of a user, in all processes. */
  forwardToUser (message: UserMessage): Done {
    this.deliverToUser(message)
    return this.#broker.publishToUser(message)
  }

  /** Delivers to the sessions of this process alone. Returns their number. */
  deliverToUser ({ user, destination, headers, body }: UserMessage): number {
    return this.#users.deliver(this.#users.get(user)?.sessions ?? [], destination, headers, body)
  }

  /** Delivers to the subscriptions that these sessions have below `/user`. */
  toSessions (sessions: Iterable<StompSession>, destination: DestinationLike, value: unknown, options: SendOptions = {}): UserDelivery {
    const { headers, body } = this.#encode(value, options)
    return { sessions: this.#users.deliver(sessions, userDestination(destination), headers, body) }
  }

  /** Encodes a value, and adds the trace context of the code that sends it. */
  #encode (value: unknown, options: SendOptions): ReturnType<typeof encode> {
    const encoded = encode(value, options)
    this.#tracing.tracer?.inject(encoded.headers)
    return encoded
  }

  #elsewhere (work: Done): { elsewhere: Promise<void> } | undefined {
    if (!isPromise(work)) return undefined
    const told = Promise.resolve(work)
    told.catch((error: unknown) => this.#log.warn({ err: error }, 'a message for a user has not reached other processes'))
    return { elsewhere: told }
  }
}

function checkSession (session: unknown): void {
  if (!(session instanceof StompSession) && (typeof session !== 'string' || session === '')) {
    throw new stompErrors.InvalidOption('session', `must be a session or its id, not ${shown(session)}`)
  }
}

/** Makes the destination to which sessions subscribe, of `/queue/x` or `/user/queue/x`. */
function userDestination (destination: DestinationLike): string {
  const path = pathOf(destination)
  if (!path.startsWith('/')) throw mistake(new stompErrors.InvalidDestination(path, 'must begin with /'))
  return isUserDestination(path) ? path : USER_PREFIX + path
}

function notServed (path: string): string {
  return isUserDestination(path) ? 'the broker does not serve users; call publishToUser' : 'the broker does not serve it'
}

function encode (value: unknown, options: SendOptions): { headers: FrameHeaders, body: ReturnType<typeof encodeContent>['body'] } {
  const { body, contentType } = encodeContent(value)
  const wrong = plainObject(options) ?? firstProblem(options, OPTIONS)
  if (wrong !== null) throw new stompErrors.InvalidOption(...(typeof wrong === 'string' ? ['options', wrong] as const : [wrong.name, wrong.problem] as const))
  const headers = options.headers === undefined ? new FrameHeaders() : userHeaders(checkedHeaders(options.headers))
  // Strings and JSON go as UTF-8, so that a header with another charset would damage them for every subscriber.
  if (body.form === 'text' && !isUtf8Charset(contentTypeOf(headers)?.charset)) {
    throw mistake(new stompErrors.InvalidBody('a text is sent as UTF-8, and its content-type names another charset; send bytes in that charset'))
  }
  headers.add('content-type', contentType)
  return { headers, body }
}

const OPTIONS: Readonly<Record<keyof SendOptions, Check>> = { headers: plainObject }

/** The time for an answer, in milliseconds. */
const TIMEOUT = 10_000

const REQUEST_OPTIONS: Readonly<Record<Exclude<keyof RequestOptions, keyof SendOptions>, Check>> = {
  timeout: milliseconds,
  signal: expected((value) => value instanceof AbortSignal, 'an AbortSignal')
}

/** Checks the headers that an application gives. A value that is `undefined` is left out, and one that has no text of its own is refused. */
function checkedHeaders (given: HeadersLike): FrameHeaders {
  const headers = new FrameHeaders()
  for (const [name, value] of FrameHeaders.from(given) as Iterable<readonly [string, unknown]>) {
    if (value === undefined) continue
    if (name === '' || (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')) {
      throw new stompErrors.InvalidOption('headers', `must have names and texts, not ${shown(name)} with ${shown(value)}`)
    }
    headers.add(name, String(value))
  }
  return headers
}
