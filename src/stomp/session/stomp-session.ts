import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { isPromise } from '../../core/promise.ts'
import { shown } from '../../core/suggestion.ts'
import type { CloseEvent, MessageStream } from '../../stream/message-stream.ts'
import { stompError } from '../../telemetry/channels.ts'
import type { BrokerConnection } from '../broker/broker.ts'
import { type Command, createFrame, encodeFrame, FrameHeaders, FrameParser, type HeadersLike, type HeartBeat, type Version } from '../codec/index.ts'
import type { ClientDestination } from '../destinations.ts'
import { StompError, stompErrors } from '../errors.ts'
import { Deliveries } from './deliveries.ts'
import { type About, errorFrame } from './error-frame.ts'
import type { StompHost } from './host.ts'
import { Receipts } from './receipts.ts'
import { Subscriptions } from './subscriptions.ts'
import { logThrown } from './thrown.ts'
import { isDate, Timekeeper, type TimekeeperOwner } from './timekeeper.ts'
import { Transactions } from './transactions.ts'
import { logFailure } from './untold-failures.ts'
import { asUser, checkedUser, type StompUser } from './user.ts'

/**
 * The state of a STOMP session.
 *
 * - `connecting`: CONNECT has not come;
 * - `authenticating`: the server judges CONNECT, and reads nothing behind it;
 * - `connected`: frames go in both directions;
 * - `closing`: ERROR or the last RECEIPT is on its way, and nothing more is read or delivered;
 * - `closed`: the session is over.
 */
export type StompState = 'connecting' | 'authenticating' | 'connected' | 'closing' | 'closed'

/**
 * A STOMP session over a stream of messages: SockJS, WebSocket or TCP. It keeps the rules of the protocol, so that all brokers look
 * alike to a client. A broken rule ends the session with an ERROR.
 */
export class StompSession implements TimekeeperOwner {
  /** The id that the server made. It cannot be guessed, it stands in CONNECTED, and it may be logged. */
  readonly id = randomBytes(16).toString('base64url')
  /** The values that the application keeps with the session. */
  readonly attributes: Record<string, unknown>
  /** @internal */
  readonly host: StompHost
  /** @internal */
  readonly stream: MessageStream
  /** @internal The upgrade or the first HTTP request, until CONNECT is judged. */
  request: FastifyRequest | null
  /** @internal */
  readonly parser: FrameParser<'client'>
  /** @internal */
  readonly subscriptions = new Subscriptions()
  /** @internal */
  readonly transactions: Transactions
  /** @internal */
  readonly time: Timekeeper
  /** @internal */
  readonly receipts: Receipts
  /** @internal */
  readonly deliveries = new Deliveries(this)
  /** @internal */
  connection: BrokerConnection | null = null
  /** @internal The destination of the last SEND, because the next one mostly names it again. */
  destination: ClientDestination | null = null
  /** @internal True when the last message of the client was bytes. */
  sendsBytes = false
  /** @internal The end of the stream, while frames that came before it are still being handled. */
  ended: CloseEvent | null = null
  /** @internal The number of streams of answers that run. */
  streams = 0
  /** The headers of CONNECT, without `passcode` and `authorization`. */
  connectHeaders: FrameHeaders = new FrameHeaders()
  /** The version that was agreed on, and 1.0 before that. */
  version: Version = '1.0'
  #state: StompState = 'connecting'
  #user: StompUser | null
  #expiresAt: number | undefined
  #wasConnected = false
  #left = false
  #abort: AbortController | null = null
  #log: FastifyBaseLogger | null = null

  /** @internal */
  constructor (stream: MessageStream, request: FastifyRequest | null, host: StompHost) {
    this.stream = stream
    this.request = request
    this.host = host
    this.attributes = stream.attributes as Record<string, unknown>
    this.#user = asUser(stream.user)
    const { limits } = host.settings
    this.parser = new FrameParser({ limits })
    this.transactions = new Transactions(limits)
    this.time = new Timekeeper(this, host.clock, limits.connectTimeout)
    this.receipts = new Receipts((receipt, headers) => this.sendFrame('RECEIPT', [['receipt-id', receipt], ...headers]), (error, about) => this.fail(error, about))
  }

  /** The state of the session. */
  get state (): StompState { return this.#state }
  /** @internal */
  set state (state: StompState) { this.#state = state }
  /** @internal True when nothing more is read or sent. */
  get over (): boolean { return this.#state === 'closing' || this.#state === 'closed' }

  /** The name of the transport, such as `websocket`, `xhr-streaming` or `tcp`. */
  get transport (): string { return this.stream.transport }
  /** The address of the client. */
  get ip (): string { return this.stream.ip }

  /**
   * A logger with the id of the session (`session`), the `endpoint`, the `transport`, and the id of the HTTP request (`reqId`).
   *
   * It is a child of the log of the scope, with the level and the serializers of the endpoint. The session makes it at the first read and
   * keeps it. It binds no user and no header of CONNECT.
   */
  get log (): FastifyBaseLogger {
    this.#log ??= this.stream.logAs(this.id)
    return this.#log
  }

  /** Aborts when the session has ended. */
  get signal (): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController()
      // Any number of streams may wait for the end; more than ten would give a warning of a leak.
      setMaxListeners(0, this.#abort.signal)
    }
    if (this.ended !== null) this.#abort.abort()
    return this.#abort.signal
  }

  /** The user that `onConnect` has set, or that of the SockJS session. It is `null` for an anonymous client. */
  get user (): StompUser | null { return this.#user }
  /** @throws FST_STOMP_INVALID_OPTION for a value that is neither `null` nor an object with a name */
  set user (user: StompUser | null) { this.#user = checkedUser(user) }

  /** The time at which the session ends by itself, in milliseconds since 1970. It may be set again, for example with a new token. */
  get expiresAt (): number | undefined { return this.#expiresAt }
  /**
   * Sets the expiry. A time that has passed ends the session at once, and `undefined` lets it live.
   *
   * @throws FST_STOMP_INVALID_EXPIRY for a value that is not a time, such as NaN, because a session must not live for ever by mistake
   */
  set expiresAt (date: number | undefined) {
    if (date !== undefined && !isDate(date)) throw new stompErrors.InvalidExpiry(shown(date))
    this.#expiresAt = date
    this.time.expiresAt(date)
  }

  /**
   * Closes the connection without an ERROR frame.
   *
   * @throws FST_SOCKJS_INVALID_CLOSE, and then nothing has changed
   */
  close (code = 1000, reason = 'Normal closure'): void {
    if (this.#state === 'closed') return
    const before = this.#state
    // The state changes before the stream closes, because the stream may tell of its end at once.
    this.#state = 'closing'
    try {
      this.stream.close(code, reason)
    } catch (error) {
      this.#state = before
      throw error
    }
    this.#leave()
  }

  // --- for commands, application and broker -------------------------------------------------------------------

  /** @internal */
  sendFrame (command: Command, headers: HeadersLike, body?: string): void {
    if (this.over) return
    const encoded = encodeFrame(createFrame(command, headers, body), this.version)
    this.time.sent()
    this.host.telemetry.framesOut++
    this.stream.send(this.takesBytes(true) ? encoded.bytes : encoded.text)
  }

  /**
   * @internal Tells whether a frame goes as bytes. It does where the stream can carry them, and the body needs it or the client itself
   * sends bytes (STOMP-W6).
   */
  takesBytes (isText: boolean): boolean {
    const { messages } = this.host.settings
    if (!this.stream.binary || messages === 'text') return false
    return messages === 'binary' || this.sendsBytes || !isText
  }

  /** @internal Starts the session, because CONNECTED has gone out. */
  started (agreed: HeartBeat): void {
    this.#state = 'connected'
    this.#wasConnected = true
    this.request = null
    this.time.connected(agreed, this.host.settings.heartBeat)
    // The heartbeats of the transport are useless beside those of STOMP. WebSocket pings stay (HEARTBEAT-9).
    if (agreed.outgoing > 0) this.stream.quiet()
    this.host.observer.connected(this)
  }

  /** @internal Ends the session with an ERROR. The close follows when the ERROR is flushed (STOMP-X1, STOMP-C11, STOMP-W7). */
  fail (error: unknown, about: About = {}): void {
    const known = errorFrame(error, about)
    if (known.unexpected) logThrown(this.host.log, 'error', error, { session: this.id, destination: about.destination }, 'the STOMP layer failed')
    if (this.over) return
    if (!known.unexpected && !this.tellRefused(known, about)) logThrown(this.host.log, 'debug', error, { session: this.id }, 'the STOMP session ends with an ERROR')
    this.host.telemetry.error(known.code)
    this.sendFrame('ERROR', known.headers, known.body)
    this.#state = 'closing'
    this.#leave()
    if (stompError.hasSubscribers) stompError.publish({ session: this.id, code: known.code, destination: about.destination, ends: true })
    this.host.observer.failed(this, error)
    this.stream.close(1002, known.message)
  }

  /** @internal Tells the log of a refusal that operators must know of. Returns true where it is one. */
  tellRefused ({ code, statusCode, message }: { readonly code: string, readonly statusCode: number | undefined, readonly message: string }, { destination }: About): boolean {
    return this.host.refusals.tell({
      code, statusCode, message, destination, session: this.id, user: this.user?.name ?? this.connectHeaders.get('login'), isLogin: this.#state === 'authenticating'
    })
  }

  // --- TimekeeperOwner ----------------------------------------------------------------------------------------

  /** @internal Sends one line feed, as a message of its own (STOMP-H3, STOMP-W5). */
  beat (): void { this.stream.send(this.takesBytes(true) ? BEAT : '\n') }

  /** @internal */
  expired (): void {
    const done = this.host.observer.expired(this)
    const decide = (): void => {
      if (this.#expiresAt !== undefined && this.#expiresAt <= this.host.clock.date()) this.fail(new StompError('STOMP_SESSION_EXPIRED'))
    }
    if (isPromise(done)) done.then(decide, (error: unknown) => this.fail(error))
    else decide()
  }

  // --- the end ------------------------------------------------------------------------------------------------

  /** @internal The stream has ended. Frames that came before may still be handled. */
  streamEnded (event: CloseEvent): void {
    this.ended = event
    this.time.stop()
    this.#abort?.abort()
  }

  /** @internal Ends the session for good. */
  tearDown (event: CloseEvent): void {
    if (this.#state === 'closed') return
    this.#leave()
    this.#state = 'closed'
    if (this.#wasConnected) this.host.observer.disconnected(this, event)
  }

  /**
   * Leaves the broker and the application. Messages that the client has not acknowledged go to others now, and do not wait until the
   * transport has brought the last frames to the client (STOMP-A5). A polling client may never fetch its close frame.
   */
  #leave (): void {
    if (this.#left) return
    this.#left = true
    this.time.stop()
    this.transactions.clear()
    // The connection closes before any hook, because messages that a hook publishes must not come here.
    const { connection } = this
    this.connection = null
    logFailure(this.host.log, this.id, () => connection?.close(), 'the broker connection did not close')
    for (const subscription of [...this.subscriptions]) {
      subscription.feed?.stop()
      if (subscription.registered) this.host.observer.unsubscribed(this, subscription)
      this.subscriptions.remove(subscription)
    }
    if (this.#wasConnected) this.host.observer.left(this)
  }
}

const BEAT = Uint8Array.of(0x0a)
