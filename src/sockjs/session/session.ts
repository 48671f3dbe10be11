import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import { addListener, emit, type Listeners, removeListener } from '../../core/listeners.ts'
import type { CloseEvent, Message, MessageStream, TransportFacts } from '../../stream/message-stream.ts'
import { PreparedMessage } from '../../stream/prepared-message.ts'
import type { TransportCounters } from '../../telemetry/transport-counters.ts'
import { errors } from '../errors.ts'
import { CLOSE, type CloseReason, fitReason, type TransportName, TRANSPORTS } from '../protocol/index.ts'
import { checkClose } from './checks.ts'
import { type EndCause, type Ending, ENDINGS, type FixedCause, type LossCause, type OpenCause } from './endings.ts'
import type { SessionEvents, SessionState } from './events.ts'
import type { SessionFacts } from './facts.ts'
import { type HeldSender, HeldSenders } from './held-senders.ts'
import { Inbox } from './inbox.ts'
import { iterate } from './iteration.ts'
import { OVERHEAD } from './message-size.ts'
import { Output } from './output.ts'
import type { Receiver } from './receiver.ts'
import type { Resumption } from './resumption.ts'
import type { SessionHost } from './session-host.ts'
import type { SessionWatcher } from './watcher.ts'

/**
 * One client, over any transport: an ordered stream of messages in, and an ordered stream of messages out.
 *
 * Messages come through `on('message')` or `for await`. Until the application listens, a bounded number waits, and the client is held back.
 * `User` is the user that the `session` option (or `request.user`) gave, `Attributes` are the attributes that it added.
 */
export class Session<User = unknown, Attributes = Record<string, unknown>> implements MessageStream {
  /** The subprotocol that client and server agreed on, or the empty string. */
  readonly protocol: string
  /** The client's user: the one that `session` returned, else the one that the `user` option found in the request. */
  readonly user: User
  /** The address of the client. It follows Fastify's `trustProxy`. */
  readonly ip: string
  /** The path of the endpoint, with the prefixes of its scopes. */
  readonly prefix: string
  /** Some headers of the opening request, by an allow-list that has neither cookies nor `authorization`. */
  readonly headers: Readonly<Record<string, string>>
  /** @internal The key of the user. Later requests must have the same key. */
  readonly userKey: string
  /** @internal The origin of the opening request. */
  readonly origin: string
  /** @internal The output to the client. Receivers report to it. */
  readonly output: Output
  /** @internal The counters of all sessions of this endpoint and transport. */
  counters: TransportCounters
  /** @internal The memory of a session that can be resumed; `null` for all others. */
  resumption: Resumption | null = null
  /** @internal Sees every message, while a page of the inspector shows the session. */
  watcher: SessionWatcher | null = null
  readonly #host: SessionHost
  readonly #path: string
  readonly #query: string
  readonly #inbox = new Inbox(this)
  #transport: TransportName
  #attributes: Attributes | undefined
  #id: string | undefined
  #state: SessionState = 'opening'
  #onClose: Listeners<CloseEvent> = null
  /** Requests over HTTP that wait until the application takes more. */
  #senders: HeldSenders | null = null
  #abort: AbortController | null = null
  /** The reason of a session that is closing; the `close` event once it has ended. */
  #end: ClosingReason | CloseEvent | null = null
  /** The id of the opening request, and the logger with it once the application has read it. */
  #log: string | { readonly requestId: string, readonly logger: FastifyBaseLogger }
  #openedAt = 0
  #accounted = 0
  #forgotten = false

  /** @internal Sessions are made by their endpoint. */
  constructor (host: SessionHost, facts: SessionFacts<User, Attributes>) {
    this.#transport = facts.transport
    this.protocol = facts.protocol
    this.user = facts.user
    this.ip = facts.ip
    this.prefix = facts.prefix
    this.headers = facts.headers
    this.userKey = facts.userKey
    this.origin = facts.origin
    this.#path = facts.path
    this.#query = facts.query
    this.#attributes = facts.attributes
    this.#log = facts.requestId
    this.#host = host
    this.counters = host.counters(facts.transport)
    this.output = new Output(this, host)
  }

  /** The server's own id of the session, a UUID, for logs. The client's session id is a secret of the transport (SESSION-21). */
  get id (): string {
    // The id is made on demand. A UUID of node:crypto takes 600 bytes, more than the rest of an idle session.
    this.#id ??= randomUUID()
    return this.#id
  }

  /**
   * A logger with the id of the session (`session`), its `endpoint`, its `transport`, and the id of the opening request (`reqId`).
   *
   * It is a child of the log of the scope, with the level and the serializers of the endpoint. The session makes it at the first read and
   * keeps it. It binds no id of the client, no user and no headers.
   */
  get log (): FastifyBaseLogger {
    if (typeof this.#log === 'string') this.#log = { requestId: this.#log, logger: this.logAs(this.id) }
    return this.#log.logger
  }

  /** Makes a logger for the session of a layer above, which has an id of its own. `session` is that id. It is not a secret. */
  logAs (session: string): FastifyBaseLogger {
    return this.#host.log(this.transport, typeof this.#log === 'string' ? this.#log : this.#log.requestId, session)
  }

  /** @internal The id, if it was asked for before. A search through many sessions makes none. */
  get knownId (): string | undefined { return this.#id }

  /**
   * The transport of the client, by the names of sockjs-client; `websocket-raw` for a WebSocket without SockJS.
   *
   * It changes when the client resumes the session over another transport.
   */
  get transport (): TransportName { return this.#transport }

  /** The state: `opening`, `open`, `closing` or `closed`. */
  get state (): SessionState { return this.#state }
  /** True while the connection is cut and the client may resume the session. `send()` queues then. Needs the option `resume`. */
  get suspended (): boolean { return this.resumption !== null && this.resumption.cause !== null }
  /** The URL of the opening request, without the client's session id. */
  get url (): string { return this.#path + this.#query }
  /** The attributes that the `session` option returned. The application may change them. */
  get attributes (): Attributes {
    this.#attributes ??= {} as Attributes
    return this.#attributes
  }

  /** The facts about the transport. */
  get transportFacts (): TransportFacts { return TRANSPORTS[this.#transport] }

  /** True if bytes can be sent: on raw WebSockets of an endpoint with `binary`. */
  get binary (): boolean { return this.raw && this.#host.limits.binary }
  /** Encoded bytes that were sent and have not left the process, or are kept until the client confirms them. With `resume`, each message counts 32 bytes more. */
  get bufferedBytes (): number { return this.output.keptBytes }

  /** The signal that aborts when the session has ended. Its `reason` is the `close` event. */
  get signal (): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController()
      if (this.#state === 'closed') this.#abort.abort(this.#end)
    }
    return this.#abort.signal
  }

  /**
   * Queues a message. All messages of one turn of the event loop leave in one write.
   *
   * Above `queue.limit` (1 MiB of encoded bytes) the session closes with 1013, unless `queue.overflow` is `'drop'`. One message is always
   * accepted when nothing waits. While the session is suspended, `resume.limit` takes the place of `queue.limit`. After that, messages that go
   * to the client once more do not count, up to `resume.limit`.
   *
   * @returns false above the high-water mark (`queue.highWater`, 64 KiB): then wait for `drained()`. Also false when the session is not open;
   * then the message is lost.
   * @throws FST_SOCKJS_INVALID_MESSAGE for a value that the transport cannot carry.
   */
  send (message: Message | PreparedMessage): boolean {
    if (this.#state !== 'open') return false
    const { output } = this
    const { highWater, queueLimit, overflow } = this.#host.limits
    const { suspended } = this
    const waiting = suspended ? output.keptBytes : output.bytes
    const counted = suspended ? waiting : output.countedBytes
    const limit = suspended ? this.resumption!.limits.limit : queueLimit
    const bytes = output.add(message)
    const cost = this.resumption === null ? bytes : bytes + OVERHEAD
    if (counted > 0 && counted + (suspended ? cost : bytes) > limit) {
      if (overflow === 'drop') output.takeBack(bytes)
      else this.end('slow')
      return false
    }
    this.counters.messagesOut++
    this.counters.bytesOut += bytes
    this.watcher?.sent(message instanceof PreparedMessage ? message.data : message)
    this.#accounted += cost
    this.#host.account(cost)
    if (this.#state !== 'open') return false
    output.schedule()
    return waiting + bytes < highWater
  }

  /** Resolves when less than `queue.highWater` waits, or the session has ended. */
  drained (): Promise<void> { return this.output.drained() }

  /**
   * Closes the session, behind the messages that were sent before.
   *
   * The call has no effect when the session is closing or closed already.
   *
   * @param code 1000 to 4999, by default 1000. Codes that may not stand on the wire reach WebSocket clients in the SockJS frame only.
   * @param reason by default `Normal closure`; cut to 123 bytes.
   * @throws FST_SOCKJS_INVALID_CLOSE
   */
  close (code: number = CLOSE.normal.code, reason: string = CLOSE.normal.reason): void {
    checkClose(code, reason)
    this.end('application', { code, reason: fitReason(reason) })
  }

  /** Drops the connection at once. The messages that wait are lost, and the client sees an interrupted connection. */
  terminate (): void { this.end('terminated') }

  /**
   * Stops the messages, for listeners and for `for await`.
   *
   * The messages wait in the session, the server does not read the WebSocket, and requests over HTTP that bring messages get no answer. The
   * end of the session ends a pause.
   */
  pause (): void { this.#inbox.pause() }

  /** Ends a pause. The messages come again. */
  resume (): void { this.#inbox.resume() }

  /** Stops the `h` frames, because a layer above has heart-beats of its own. WebSocket pings stay (HEARTBEAT-9). */
  quiet (): void { this.output.quiet() }

  /** Adds a listener. If a listener throws, the error is logged; only an error of a `message` listener closes the session. */
  on<E extends keyof SessionEvents> (event: E, listener: (value: SessionEvents[E]) => unknown): this {
    if (typeof listener !== 'function') throw new errors.InvalidListener('a listener must be a function')
    if (event === 'message') {
      this.#inbox.listen(listener as (message: Message) => unknown)
    } else if (event === 'close') {
      if (this.#state === 'closed') queueMicrotask(() => this.#tell(listener as (event: CloseEvent) => unknown, this.#end as CloseEvent))
      else this.#onClose = addListener(this.#onClose, listener as (event: CloseEvent) => unknown)
    } else if (event === 'suspend' || event === 'resume') {
      this.resumption?.on(event, listener as (value: undefined) => unknown)
    } else {
      throw new errors.InvalidListener(`sessions have no event ${String(event)}`)
    }
    return this
  }

  /** Removes a listener that `on` has added. */
  off<E extends keyof SessionEvents> (event: E, listener: (value: SessionEvents[E]) => unknown): this {
    if (event === 'message') this.#inbox.unlisten(listener as (message: Message) => unknown)
    else if (event === 'close') this.#onClose = removeListener(this.#onClose, listener as (event: CloseEvent) => unknown)
    else this.resumption?.off(event, listener as (value: undefined) => unknown)
    return this
  }

  /**
   * Iterates over the messages of the client until the session ends.
   *
   * It pauses while the output of the session is above the high-water mark, so that the queue of a plain echo loop cannot grow without limit.
   * The end of the loop does not close the session.
   */
  [Symbol.asyncIterator] (): AsyncIterableIterator<string> {
    return iterate(() => this.#next() as Promise<IteratorResult<string, undefined>>)
  }

  // --- between session, transports and endpoint -------------------------------------------------------------

  /** @internal The time of the clock at which the session opened. */
  get openedAt (): number { return this.#openedAt }

  /** @internal True if messages travel as they are, without SockJS framing. */
  get raw (): boolean { return this.transportFacts.framing === 'none' }

  /** @internal The bytes that wait in this session, in both directions. They count in the process-wide budget. */
  get waitingBytes (): number { return this.#accounted }
  /** @internal */
  get isOpen (): boolean { return this.#state === 'open' }
  /** @internal */
  get highWater (): number { return this.#host.limits.highWater }
  /** @internal True while the client is held back. */
  get held (): boolean { return this.#inbox.held }
  /** @internal The reason of a session that is closing or has ended. */
  get closeReason (): CloseReason | null { return this.#end }

  /** @internal Opens the session for the application. */
  begin (): void {
    if (this.#state !== 'opening') return
    this.#state = 'open'
    this.#openedAt = this.#host.clock.now()
    this.counters.opened++
  }

  /** @internal Takes messages of the client, in order. They came in `bytes` bytes. A session that is closing ignores them. */
  receive (messages: readonly Message[], bytes: number): void {
    if (this.#state !== 'open') return
    this.resumption?.took(messages.length)
    this.counters.messagesIn += messages.length
    this.counters.bytesIn += bytes
    if (this.#inbox.overrun > this.#host.limits.inboxLimit) return this.end('flood')
    if (this.watcher !== null) for (const message of messages) this.watcher.received(message)
    this.#inbox.receive(messages)
    if (this.#inbox.bytes > 0) this.account()
  }

  /**
   * @internal Keeps a request with messages until the application takes more.
   *
   * Too many requests are a flood, as too many messages are: the session closes, and the result is false.
   */
  hold (sender: HeldSender): boolean {
    this.#senders ??= new HeldSenders()
    const fits = this.#senders.add(sender, this.#host.limits.inboxLimit)
    if (fits) this.account()
    else this.end('flood')
    return fits
  }

  /** @internal Stops or resumes the client. */
  holdBack (on: boolean): void {
    this.output.receiver?.pause(on)
    if (!on) this.releaseSenders()
  }

  /** @internal Lets the requests go on that wait. */
  releaseSenders (): void {
    if (this.#senders === null) return
    const senders = this.#senders
    this.#senders = null
    this.account()
    // Hooks of these requests must not run inside a call of the application, nor inside the end of the session.
    queueMicrotask(() => senders.release())
  }

  /** @internal Reports to the process-wide budget how much waits in this session now. */
  account (): void {
    const bytes = this.#state === 'closed' ? 0 : this.output.keptBytes + this.#inbox.bytes + (this.#senders?.bytes ?? 0)
    const delta = bytes - this.#accounted
    if (delta === 0) return
    this.#accounted = bytes
    this.#host.account(delta)
  }

  /** @internal Handles an error that code of the application has thrown. `during` says where. */
  fail (error: unknown, during: string): void {
    this.#host.failed(this, error, during)
    this.end('failure')
  }

  /**
   * @internal Ends the session as `ENDINGS` says for the cause.
   *
   * The call has no effect when the session has ended already, or when it is closing and the cause leaves time for its messages. The caller
   * gives `reason` and `clean`.
   */
  end (cause: FixedCause): void
  end (cause: OpenCause, reason: CloseReason, clean?: boolean): void
  end (cause: EndCause, given?: CloseReason, clean = false): void {
    const ending: Ending = ENDINGS[cause]
    const reason = given ?? ending.close!
    if (ending.closeFrame === 'after messages' && !(this.suspended && ending.impatient === true)) return this.#closeAfterMessages(reason, ending)
    const { receiver } = this.output
    const last = this.#end === null || ending.replaces === 'any' || (ending.replaces === 'normal' && this.#end.code === CLOSE.normal.code) ? reason : this.#end
    this.#finish(ending, last, clean)
    if (ending.closeFrame === 'at once') receiver?.close(last)
    if (ending.drop === true) receiver?.destroy()
  }

  /** @internal Suspends the session, because its connection is lost. A session that cannot be resumed ends (SESSION-6, SESSION-9). */
  lose (cause: LossCause): void {
    const { resumption } = this
    const live = this.#state === 'open' || this.#state === 'closing'
    if (resumption === null || !live || !this.#host.maySuspend(this)) {
      this.end(cause)
      if (cause === 'timeout') this.forget()
      return
    }
    const { receiver } = this.output
    resumption.suspend(cause)
    receiver?.destroy()
  }

  /** @internal Changes the transport, because the client has resumed the session over another one. */
  moveTo (transport: TransportName): void {
    this.counters.moved--
    this.#transport = transport
    this.counters = this.#host.counters(transport)
    this.counters.moved++
  }

  /** @internal Reports an error of a listener, which does not end the session. */
  report (error: unknown, during: string): void { this.#host.failed(this, error, during) }

  /** @internal Writes the close frame, because all messages of a closing session have gone to the receiver. */
  allDelivered (receiver: Receiver): void {
    this.#finish(ENDINGS.application, this.#end!, true)
    receiver.close(this.#end!)
  }

  /** @internal Forgets the session, because no request can ask for it any more. */
  forget (): void {
    if (this.#forgotten) return
    this.#forgotten = true
    this.output.stop()
    this.#host.forget(this)
  }

  // --- inside ------------------------------------------------------------------------------------------------

  #closeAfterMessages ({ code, reason }: CloseReason, ending: Ending): void {
    if (this.#state !== 'open' && this.#state !== 'opening') return
    this.#state = 'closing'
    this.#end = { code, reason, ending }
    this.output.closing()
    this.#inbox.end()
  }

  /** Makes the session `closed`. No other function does. */
  #finish (ending: Ending, { code, reason, ending: told = ending }: CloseReason & Partial<ClosingReason>, clean: boolean): void {
    if (this.#state === 'closed') return
    const known = this.#state !== 'opening'
    this.#state = 'closed'
    const undelivered = this.output.abandon(!clean)
    this.resumption?.stop()
    this.#inbox.end()
    this.account()
    const event: CloseEvent = { code, reason, clean: clean && undelivered === 0, undelivered }
    this.#end = event
    if (known) {
      this.counters.closed++
      this.#host.ended(this, event, told, ending.log)
      if (ending.tell === 'later') process.nextTick(() => this.#tellEnd(event))
      else this.#tellEnd(event)
    }
    if (!this.#remembered) this.forget()
    this.output.wake()
  }

  #tellEnd (event: CloseEvent): void {
    this.#tell(this.#onClose, event)
    this.#abort?.abort(event)
  }

  #tell (listeners: Listeners<CloseEvent>, event: CloseEvent): void {
    emit(listeners, event, (error) => this.#host.failed(this, error, 'close listener'))
  }

  /** True if clients may come back and ask for the close frame: over HTTP, not over WebSockets (SESSION-4, SESSION-19). */
  get #remembered (): boolean { return this.transportFacts.resumable }

  #next (): Promise<IteratorResult<Message, undefined>> {
    if (this.#state === 'open' && this.output.full) return this.drained().then(() => this.#next())
    return this.#inbox.next()
  }
}

/** The reason of a session that is closing, with its cause. */
interface ClosingReason extends CloseReason {
  readonly ending: Ending
}
