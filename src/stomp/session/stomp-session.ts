import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { FastifyRequest } from 'fastify'
import { isPromise } from '../../core/promise.ts'
import { shown } from '../../core/suggestion.ts'
import type { CloseEvent, Message, MessageStream } from '../../stream/message-stream.ts'
import type { BrokerConnection, Delivery } from '../broker/broker.ts'
import type { Publication } from '../broker/publication.ts'
import { type ClientCommand, type Command, createFrame, encodeFrame, type Frame, FrameHeaders, FrameParser, type HeadersLike, type HeartBeat, isFrameError, type Version } from '../codec/index.ts'
import { StompError, stompErrors } from '../errors.ts'
import type { BrokerError } from '../refusals.ts'
import { COMMANDS } from './commands/index.ts'
import { EolRate } from './eol-rate.ts'
import { type About, aboutFrame, errorFrame } from './error-frame.ts'
import type { StompHost } from './host.ts'
import { type ReceiptHeaders, Receipts } from './receipts.ts'
import { type Subscription, Subscriptions } from './subscriptions.ts'
import { logThrown } from './thrown.ts'
import { isDate, Timekeeper } from './timekeeper.ts'
import { Transactions } from './transactions.ts'
import { unheard } from './unheard.ts'
import { asUser, checkedUser, type StompUser } from './user.ts'

/**
 * - `connecting`: CONNECT has not come;
 * - `authenticating`: CONNECT is being judged, nothing behind it is read;
 * - `connected`;
 * - `closing`: ERROR or the last RECEIPT is on its way, nothing more is read or delivered;
 * - `closed`.
 */
export type StompState = 'connecting' | 'authenticating' | 'connected' | 'closing' | 'closed'

/**
 * A STOMP session over a stream of messages: SockJS, WebSocket or TCP. It keeps the rules of the protocol, so that all
 * brokers look alike to a client: one frame is handled at a time, in order; a rule that is broken ends the session
 * with an ERROR.
 */
export class StompSession {
  /** Our own id, unguessable; also in CONNECTED. Safe to log. */
  readonly id = randomBytes(16).toString('base64url')
  /** What the application keeps with the session. */
  readonly attributes: Record<string, unknown>
  /** @internal */
  readonly host: StompHost
  /** @internal */
  readonly stream: MessageStream
  /** @internal The upgrade or first HTTP request, until CONNECT is judged. */
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
  connection: BrokerConnection | null = null
  /** @internal Streams of answers that run. */
  streams = 0
  /** The headers of CONNECT, without `passcode` and `authorization`. */
  connectHeaders: FrameHeaders = new FrameHeaders()
  /** The version that was agreed on; 1.0 before that. */
  version: Version = '1.0'
  readonly #receipts: Receipts
  #state: StompState = 'connecting'
  #user: StompUser | null
  #expiresAt: number | undefined
  #busy = false
  #sendsBytes = false
  #heldBack = false
  /** How the stream has ended, while frames that came before are still being handled. */
  #ended: CloseEvent | null = null
  #wasConnected = false
  #draining = false
  #left = false
  readonly #eols: EolRate
  #abort: AbortController | null = null

  /** @internal Begins a session on a stream; it lives in the listeners of the stream. */
  static serve (stream: MessageStream, request: FastifyRequest | null, host: StompHost): StompSession {
    return new StompSession(stream, request, host)
  }

  private constructor (stream: MessageStream, request: FastifyRequest | null, host: StompHost) {
    this.stream = stream
    this.request = request
    this.host = host
    this.attributes = stream.attributes as Record<string, unknown>
    this.#user = asUser(stream.user)
    this.parser = new FrameParser({ limits: host.limits })
    this.transactions = new Transactions(host.limits)
    this.#eols = new EolRate(host.clock, host.limits.eols)
    this.time = new Timekeeper(this, host.clock, host.limits.connectTimeout)
    this.#receipts = new Receipts((receipt, headers) => this.sendFrame('RECEIPT', [['receipt-id', receipt], ...headers]), (error, about) => this.fail(error, about))
    stream.on('close', (event) => this.#closed(event))
    stream.on('message', (message) => this.#received(message))
  }

  /** Where the session is in its life. */
  get state (): StompState { return this.#state }
  /** @internal */
  set state (state: StompState) { this.#state = state }

  /** How the client is connected: `websocket`, `xhr-streaming`, …, `tcp`. */
  get transport (): string { return this.stream.transport }
  /** The address of the client. */
  get ip (): string { return this.stream.ip }

  /** Aborts when the session has ended. */
  get signal (): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController()
      // Any number of streams may wait for the end; more than ten would give a warning of a leak.
      setMaxListeners(0, this.#abort.signal)
    }
    if (this.#ended !== null) this.#abort.abort()
    return this.#abort.signal
  }

  /** The user that `onConnect` has set, or the SockJS session's; `null` for an anonymous client. */
  get user (): StompUser | null { return this.#user }
  /** `null`, or an object with a name; anything else throws FST_STOMP_INVALID_OPTION. */
  set user (user: StompUser | null) { this.#user = checkedUser(user) }

  /** When the session ends by itself, in milliseconds since 1970: the expiry of a token, say. May be set again. */
  get expiresAt (): number | undefined { return this.#expiresAt }
  /**
   * A time that has passed ends the session at once; `undefined` lets it live.
   *
   * @throws FST_STOMP_INVALID_EXPIRY for a value that is no time, such as NaN: a session must not live for ever by mistake.
   */
  set expiresAt (date: number | undefined) {
    if (date !== undefined && !isDate(date)) throw new stompErrors.InvalidExpiry(shown(date))
    this.#expiresAt = date
    this.time.expiresAt(date)
  }

  /**
   * Closes the connection without an ERROR frame.
   *
   * @throws FST_SOCKJS_INVALID_CLOSE; then nothing has changed
   */
  close (code = 1000, reason = 'Normal closure'): void {
    if (this.#state === 'closed') return
    const before = this.#state
    // Before the stream, which may tell of its end at once.
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

  /** @internal Confirms a frame: its receipt goes out when `work` is done, after those of the frames before it. */
  confirm (frame: Frame<ClientCommand>, work?: unknown, headers?: ReceiptHeaders): void {
    const { receipt, destination } = aboutFrame(frame, this.host.limits)
    this.#receipts.after(work, receipt === undefined ? [] : [receipt], headers, destination)
  }

  /** @internal As `confirm`, for several frames at once (STOMP-T5). */
  confirmAll (receipts: readonly string[], work?: unknown): void {
    this.#receipts.after(work, receipts)
  }

  /** @internal Resolves when the broker has confirmed everything that was handed to it. */
  settled (): Promise<void> { return this.#receipts.settled() }

  /** @internal */
  sendFrame (command: Command, headers: HeadersLike, body?: string): void {
    if (this.#state === 'closing' || this.#state === 'closed') return
    const encoded = encodeFrame(createFrame(command, headers, body), this.version)
    this.time.sent()
    this.stream.send(this.#takesBytes(true) ? encoded.bytes : encoded.text)
  }

  /** @internal A header value that this command cannot do without. */
  required (frame: Frame<ClientCommand>, name: string): string {
    const value = frame.headers.get(name)
    if (value === undefined || value === '') throw new StompError('STOMP_HEADER_MISSING', name)
    return value
  }

  /** @internal The session is up: CONNECTED has gone out. */
  started (agreed: HeartBeat): void {
    this.#state = 'connected'
    this.#wasConnected = true
    this.request = null
    this.time.connected(agreed, this.host.heartBeat)
    // The transport's own heartbeats would be noise beside ours; WebSocket pings stay (HEARTBEAT-9).
    if (agreed.outgoing > 0) this.stream.quiet()
    this.host.application.connected(this)
  }

  /** @internal Ends the session with an ERROR: flushed, then the close (STOMP-X1, STOMP-C11, STOMP-W7). */
  fail (error: unknown, about: About = {}): void {
    const known = errorFrame(error, about)
    if (known.unexpected) logThrown(this.host.log, 'error', error, { session: this.id, destination: about.destination }, 'the STOMP layer failed')
    if (this.#state === 'closing' || this.#state === 'closed') return
    if (!known.unexpected && !this.tellRefused(known, about)) logThrown(this.host.log, 'debug', error, { session: this.id }, 'the STOMP session ends with an ERROR')
    this.sendFrame('ERROR', known.headers, known.body)
    this.#state = 'closing'
    this.#leave()
    this.host.application.failed(this, error)
    this.stream.close(1002, known.message)
  }

  /** @internal Tells the log of a refusal that operators must know of; says whether it is one. */
  tellRefused ({ code, statusCode, message }: { readonly code: string, readonly statusCode: number | undefined, readonly message: string }, { destination }: About): boolean {
    return this.host.refusals.tell({
      code, statusCode, message, destination, session: this.id, user: this.user?.name ?? this.connectHeaders.get('login'), isLogin: this.#state === 'authenticating'
    })
  }

  // --- BrokerSink ---------------------------------------------------------------------------------------------

  /** @internal */
  deliver ({ key, publication, handle, redelivered, headers }: Delivery): boolean {
    // Queues keep what cannot be delivered any more.
    if (this.#state !== 'connected' || this.#ended !== null) return false
    const subscription = this.subscriptions.find(key) ?? this.#implicit(key)
    if (subscription === null) return true
    if (subscription.ack === 'auto' && !redelivered && headers === undefined) {
      this.time.sent()
      const asBytes = this.#takesBytes(publication.body.isText)
      return this.#sent(this.stream.send(publication.forSubscription(subscription.id, this.version, asBytes)))
    }
    return this.#deliverTracked(subscription, publication, handle, redelivered, headers)
  }

  /** @internal A client must know that it misses something, and STOMP can only say so by an ERROR. */
  subscriptionEnded (key: string, error: BrokerError): void { this.fail(error, { destination: this.subscriptions.find(key)?.destination }) }

  /** @internal */
  ended (error: BrokerError): void { this.fail(error) }

  // --- TimekeeperOwner ----------------------------------------------------------------------------------------

  /** @internal One line feed, as a message of its own (STOMP-H3, STOMP-W5). */
  beat (): void { this.stream.send(this.#takesBytes(true) ? BEAT : '\n') }

  /** @internal */
  heartBeatLost (): void { this.fail(new StompError('STOMP_HEART_BEAT_LOST')) }

  /** @internal STOMP-C9 */
  connectOverdue (): void { this.fail(new StompError('STOMP_CONNECT_TIMEOUT')) }

  /** @internal */
  expired (): void {
    const done = this.host.application.expired(this)
    const decide = (): void => {
      if (this.#expiresAt !== undefined && this.#expiresAt <= this.host.clock.date()) this.fail(new StompError('STOMP_SESSION_EXPIRED'))
    }
    if (isPromise(done)) done.then(decide, (error: unknown) => this.fail(error))
    else decide()
  }

  // --- inside --------------------------------------------------------------------------------------------------

  #received (message: Message): void {
    if (this.#state === 'closing' || this.#state === 'closed') return
    this.time.received()
    this.#sendsBytes = typeof message !== 'string'
    this.parser.push(message)
    this.#pump()
  }

  /** Reads frames as long as nothing is being waited for: one at a time, in order. */
  #pump (): void {
    while (!this.#busy && this.#state !== 'closing' && this.#state !== 'closed') {
      const frame = this.parser.next()
      if (frame === undefined) break
      if (isFrameError(frame)) this.fail(StompError.ofFrame(frame))
      else this.#handle(frame)
    }
    // Here, because lines behind a frame that is being handled are read when it has been.
    if (this.#eols.exceeds(this.parser.eols)) this.fail(new StompError('STOMP_TOO_MANY_EOLS', `at most ${this.host.limits.eols} in a second`))
    if (this.#ended === null) this.#holdBack()
    else if (!this.#busy) this.#tearDown(this.#ended)
  }

  #handle (frame: Frame<ClientCommand>): void {
    try {
      const handled = COMMANDS[frame.command](this, frame)
      // A broker that takes no more frames holds the client back, also after hooks and rules that answered later (RELAY-12).
      const work = isPromise(handled) ? Promise.resolve(handled).then(() => this.connection?.room()) : this.connection?.room()
      if (work === undefined) return
      this.#busy = true
      Promise.resolve(work).catch((error: unknown) => this.#failFor(frame, error)).then(() => {
        this.#busy = false
        this.#pump()
      })
    } catch (error) {
      this.#failFor(frame, error)
    }
  }

  #failFor (frame: Frame<ClientCommand>, error: unknown): void {
    this.fail(error, aboutFrame(frame, this.host.limits))
  }

  /** While a frame is being handled, not much more than the next ones is read from the client. */
  #holdBack (): void {
    const tooMuch = this.#busy && this.parser.pending >= this.host.limits.pending
    if (tooMuch === this.#heldBack) return
    this.#heldBack = tooMuch
    // Heart-beats of a client that is not read cannot be heard.
    this.time.hold(tooMuch)
    if (tooMuch) this.stream.pause()
    else this.stream.resume()
  }

  /** Subscriptions that a broker makes by itself: `reply-to:/temp-queue/…` on SEND. Any other that is not known has just ended. */
  #implicit (key: string): Subscription | null {
    return this.host.broker.isPrivate(key) ? this.subscriptions.add(key, key, 'auto', 'broker') : null
  }

  #deliverTracked (subscription: Subscription, publication: Publication, handle: Delivery['handle'], redelivered: boolean, headers: Delivery['headers']): boolean {
    const own: (readonly [string, string])[] = []
    if (subscription.id !== undefined) own.push(['subscription', subscription.id])
    if (subscription.ack !== 'auto') {
      if (this.subscriptions.unacknowledged >= this.host.limits.unacknowledged && handle === null) {
        this.fail(new StompError('STOMP_TOO_MANY_UNACKNOWLEDGED'))
        return true
      }
      const ackId = this.version === '1.2' ? this.subscriptions.nextAckId(subscription) : publication.id
      this.subscriptions.track(subscription, ackId, handle)
      if (this.version === '1.2') own.push(['ack', ackId])
    }
    if (redelivered) own.push(['redelivered', 'true'])
    if (headers !== undefined) own.push(...headers)
    this.time.sent()
    return this.#sent(this.stream.send(publication.forDelivery(own, this.version, this.#takesBytes(publication.body.isText))))
  }

  /** Whether frames go as bytes: where the stream can, and the body needs it, or the client itself sends bytes (STOMP-W6). */
  #takesBytes (isText: boolean): boolean {
    if (!this.stream.binary || this.host.messages === 'text') return false
    return this.host.messages === 'binary' || this.#sendsBytes || !isText
  }

  /** Above the high-water mark queues wait until the client has read. */
  #sent (belowHighWater: boolean): boolean {
    if (belowHighWater || this.#draining) return belowHighWater
    this.#draining = true
    this.stream.drained().then(() => {
      this.#draining = false
      if (this.#state === 'connected') this.connection?.resume()
    })
    return false
  }

  /** Frames that came before the end are processed (STOMP-D1, STOMP-D2); nothing reaches the client any more. */
  #closed (event: CloseEvent): void {
    this.#ended = event
    this.time.stop()
    this.#abort?.abort()
    if (!this.#busy) return this.#tearDown(event)
    // Queues would go on giving to a client that is gone.
    for (const { key, source, ack } of this.subscriptions) {
      if (source === 'broker' && ack === 'auto') unheard(this, () => this.connection?.unsubscribe(key), 'a subscription of a client that has gone did not end at the broker')
    }
  }

  #tearDown (event: CloseEvent): void {
    if (this.#state === 'closed') return
    this.#leave()
    this.#state = 'closed'
    if (this.#wasConnected) this.host.application.disconnected(this, event)
  }

  /**
   * Nothing reaches this client any more: what it has not acknowledged goes to others now, however long the transport
   * takes to bring the last frames to it (STOMP-A5). A polling client may never fetch its close frame.
   */
  #leave (): void {
    if (this.#left) return
    this.#left = true
    this.time.stop()
    this.transactions.clear()
    // Before any hook: what a hook publishes must not come here.
    const { connection } = this
    this.connection = null
    unheard(this, () => connection?.close(), 'the broker connection did not close')
    for (const subscription of [...this.subscriptions]) {
      subscription.feed?.stop()
      this.host.application.unsubscribed(this, subscription)
      this.subscriptions.remove(subscription)
    }
    if (this.#wasConnected) this.host.application.left(this)
  }
}

const BEAT = Uint8Array.of(0x0a)
