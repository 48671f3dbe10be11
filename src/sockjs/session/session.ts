import { randomUUID } from 'node:crypto'
import { addListener, emit, type Listeners, removeListener } from '../../core/listeners.ts'
import type { CloseEvent, Message, MessageStream } from '../../stream/message-stream.ts'
import type { PreparedMessage } from '../../stream/prepared-message.ts'
import { errors } from '../errors.ts'
import { CLOSE, type CloseReason, fitReason } from '../protocol/index.ts'
import { checkClose } from './checks.ts'
import { Client, type SessionFacts } from './client.ts'
import { Drain } from './drain.ts'
import { type HeldSender, HeldSenders } from './held-senders.ts'
import { Inbox } from './inbox.ts'
import type { SessionEvents, SessionState } from './life.ts'
import { Outbox } from './outbox.ts'
import type { Receiver } from './receiver.ts'
import type { SessionHost } from './session-host.ts'
import { Supervision } from './supervision.ts'

/**
 * One client, whatever its transport: an ordered stream of messages in, an ordered stream of messages out.
 *
 * Messages come through `on('message')` or `for await`; until somebody listens they wait, bounded, and the
 * client is held back. `User` is what the `session` option (or `request.user`) gave, `Attributes` what it added.
 */
export class Session<User = unknown, Attributes = Record<string, unknown>> extends Client<User, Attributes> implements MessageStream {
  readonly #host: SessionHost
  readonly #outbox: Outbox
  readonly #inbox = new Inbox(this)
  readonly #supervision: Supervision
  #id: string | undefined
  #state: SessionState = 'opening'
  #receiver: Receiver | null = null
  /** An ended response whose last bytes are still on the way out. */
  #trailing: Receiver | null = null
  #onClose: Listeners<CloseEvent> = null
  #drain: Drain | null = null
  /** Requests over HTTP that wait until the application takes more. */
  #senders: HeldSenders | null = null
  #abort: AbortController | null = null
  #end: CloseReason | null = null
  #accounted = 0
  #greeted = false
  #forgotten = false
  #scheduled = false

  /** @internal Sessions are made by their endpoint. */
  constructor (host: SessionHost, facts: SessionFacts<User, Attributes>) {
    super(facts)
    this.#host = host
    this.#outbox = new Outbox(this.raw, host.binary)
    this.#supervision = new Supervision(this, host)
    this.#greeted = this.raw
    this.#supervision.waiting()
  }

  /** Our own id, a UUID: the one to log. The client's session id is a secret of the transport (SESSION-21). */
  get id (): string {
    // Made when somebody asks: a UUID of node:crypto takes 600 bytes, more than the rest of an idle session.
    this.#id ??= randomUUID()
    return this.#id
  }

  /** `opening`, `open`, `closing` or `closed`. */
  get state (): SessionState { return this.#state }
  /** Whether bytes can be sent: raw WebSockets of an endpoint with `binary`. */
  get binary (): boolean { return this.raw && this.#host.binary }
  /** Encoded bytes that were sent and have not left the process. */
  get bufferedBytes (): number {
    const receiver = this.#receiver ?? this.#trailing
    return receiver === null ? this.#outbox.bytes : this.#outbox.bytes + receiver.buffered
  }

  /** Aborts when the session has ended; its `reason` is the `close` event. */
  get signal (): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController()
      if (this.#state === 'closed') this.#abort.abort(this.#end)
    }
    return this.#abort.signal
  }

  /**
   * Queues a message; all that is sent in one turn of the event loop leaves in one write.
   *
   * @returns false above the high-water mark (`queue.highWater`, 64 KiB): better wait for `drained()`; also
   * false when the session is not open, and the message is lost. Above `queue.limit` (1 MiB of encoded bytes) the
   * session closes with 1013, unless `queue.overflow` is `'drop'`. One message is always taken when nothing waits.
   * @throws FST_SOCKJS_INVALID_MESSAGE for anything that the transport cannot carry.
   */
  send (message: Message | PreparedMessage): boolean {
    if (this.#state !== 'open') return false
    const waiting = this.bufferedBytes
    const bytes = this.#outbox.add(message)
    const { limits } = this.#host
    if (waiting > 0 && waiting + bytes > limits.queueLimit) return this.#overflow(bytes)
    this.#accounted += bytes
    this.#host.account(bytes)
    if (this.#state !== 'open') return false
    this.#schedule()
    return waiting + bytes < limits.highWater
  }

  /** Resolves when less than `queue.highWater` waits, or the session has ended. */
  async drained (): Promise<void> {
    while (this.#stuck) await (this.#drain ??= new Drain()).done
  }

  /**
   * Closes the session: what was sent before is delivered first, then the close frame. Nothing happens when
   * it is closing or closed already.
   *
   * @param code 1000 to 4999, by default 1000. Codes that may not stand on the wire reach WebSocket clients in the SockJS frame only.
   * @param reason by default `Normal closure`; cut to 123 bytes.
   * @throws FST_SOCKJS_INVALID_CLOSE
   */
  close (code: number = CLOSE.normal.code, reason: string = CLOSE.normal.reason): void {
    checkClose(code, reason)
    this.closeFor({ code, reason: fitReason(reason) })
  }

  /** Drops the connection at once; what waits is lost, and the client sees an interrupted connection. */
  terminate (): void {
    const receiver = this.#receiver
    this.#finish(this.#end ?? CLOSE.interrupted, false)
    receiver?.destroy()
  }

  /**
   * Stops the messages, to listeners and to `for await` alike: they wait here, the WebSocket is not read, and senders over HTTP get
   * no answer. The end of the session ends a pause.
   */
  pause (): void { this.#inbox.pause() }

  /** Lets the messages come again after `pause()`. */
  resume (): void { this.#inbox.resume() }

  /** Stops the `h` frames, because a layer above has heart-beats of its own; WebSocket pings stay (HEARTBEAT-9). */
  quiet (): void { this.#supervision.quiet() }

  /** Adds a listener. Any listener but one for `message` may throw without harm: that is logged. */
  on<E extends keyof SessionEvents> (event: E, listener: (value: SessionEvents[E]) => unknown): this {
    if (typeof listener !== 'function') throw new errors.InvalidListener('a listener must be a function')
    if (event === 'message') {
      this.#inbox.listen(listener as (message: Message) => unknown)
    } else if (event === 'close') {
      if (this.#state === 'closed') queueMicrotask(() => this.#tell(listener as (event: CloseEvent) => unknown, this.#end as CloseEvent))
      else this.#onClose = addListener(this.#onClose, listener as (event: CloseEvent) => unknown)
    } else {
      throw new errors.InvalidListener(`sessions have no event ${String(event)}`)
    }
    return this
  }

  /** Removes a listener that `on` has added. */
  off<E extends keyof SessionEvents> (event: E, listener: (value: SessionEvents[E]) => unknown): this {
    if (event === 'message') this.#inbox.unlisten(listener as (message: Message) => unknown)
    else if (event === 'close') this.#onClose = removeListener(this.#onClose, listener as (event: CloseEvent) => unknown)
    return this
  }

  /**
   * The messages of the client, one by one, until the session ends. Pauses while the output of the session is
   * above the high-water mark, so that a plain echo loop cannot drown. Leaving the loop does not close the session.
   */
  [Symbol.asyncIterator] (): AsyncIterableIterator<string> {
    const iterator: AsyncIterableIterator<string, undefined> = {
      next: () => this.#next() as Promise<IteratorResult<string, undefined>>,
      return: async () => ({ value: undefined, done: true }),
      [Symbol.asyncIterator]: () => iterator
    }
    return iterator
  }

  // --- between session, transports and endpoint -------------------------------------------------------------

  /** @internal */
  get attachedReceiver (): Receiver | null { return this.#receiver }

  /** @internal The application takes over. */
  begin (): void {
    if (this.#state === 'opening') this.#state = 'open'
  }

  /** @internal A receiver for this session has arrived. */
  attach (receiver: Receiver): void {
    if (this.#trailing !== null) this.#checkTrailing(receiver)
    if (this.#state === 'closed') {
      receiver.close(this.#end!)
    } else if (this.#receiver !== null) {
      receiver.close(CLOSE.conflict)
    } else {
      this.#receiver = receiver
      this.#host.attached(this, true)
      this.#supervision.attached()
      if (this.#inbox.held) receiver.pause(true)
      this.#schedule()
    }
  }

  /** @internal The response has ended as planned; the client comes back with the next one. */
  done (receiver: Receiver): void {
    if (receiver !== this.#receiver) return
    this.#trailing = receiver
    this.#detach()
    if (this.#state !== 'closed') this.#supervision.waiting()
  }

  /** @internal The client is gone (SESSION-6, SESSION-8). */
  interrupted (receiver: Receiver): void {
    if (receiver === this.#receiver || receiver === this.#trailing) this.#finish(this.#end ?? CLOSE.interrupted, false)
  }

  /** @internal All that was written to the receiver has left. */
  flushed (receiver: Receiver): void {
    if (receiver === this.#trailing) {
      this.#trailing = null
      // Before it had the whole response the client could not come back.
      if (this.#receiver === null && this.#state !== 'closed') this.#supervision.waiting()
    } else if (receiver === this.#receiver) {
      this.#supervision.flushed()
      if (this.#outbox.length > 0 || this.#state === 'closing') this.#schedule()
    } else {
      return
    }
    this.#account()
    this.#wake()
  }

  /** @internal The client or the connection has closed with a code. */
  closed (receiver: Receiver, reason: CloseReason, clean: boolean): void {
    if (receiver === this.#receiver) this.#finish(this.#end ?? reason, clean)
  }

  /** @internal A rule of the protocol was broken: what waits is not worth sending. */
  abort (reason: CloseReason): void {
    const receiver = this.#receiver
    this.#finish(reason, false)
    receiver?.close(reason)
  }

  /**
   * @internal The process has no room for what waits in this session. Another session may be sending, and its application must not
   * find itself in the listeners of this one: they are told later in this turn of the event loop.
   */
  shed (): void {
    const receiver = this.#receiver
    this.#finish(CLOSE.slow, false, process.nextTick)
    receiver?.close(CLOSE.slow)
  }

  /** @internal The application's handler has thrown. */
  fail (error: unknown, during: string): void {
    this.#host.failed(this, error, during)
    this.closeFor(CLOSE.failure)
  }

  /** @internal Messages from the client, in order. Ignored once the session is closing. */
  receive (messages: readonly Message[]): void {
    if (this.#state !== 'open') return
    if (this.#inbox.overrun > this.#host.limits.inboxLimit) return this.abort(CLOSE.flood)
    this.#inbox.receive(messages)
    if (this.#inbox.bytes > 0) this.#account()
  }

  /**
   * @internal Keeps a sender over HTTP until the application takes more. Too many senders are a flood, as too many messages are:
   * the session closes, and false says that the sender is not kept.
   */
  hold (sender: HeldSender): boolean {
    this.#senders ??= new HeldSenders()
    const fits = this.#senders.add(sender, this.#host.limits.inboxLimit)
    if (fits) this.#account()
    else this.abort(CLOSE.flood)
    return fits
  }

  /** @internal */
  get held (): boolean { return this.#inbox.held }

  /** @internal All that waits in this session, in both directions: its part of the process-wide budget. */
  get waitingBytes (): number { return this.#accounted }
  /** @internal */
  get isOpen (): boolean { return this.#state === 'open' }
  /** @internal */
  get highWater (): number { return this.#host.limits.highWater }

  /** @internal */
  holdBack (on: boolean): void {
    this.#receiver?.pause(on)
    if (on || this.#senders === null) return
    const senders = this.#senders
    this.#senders = null
    this.#account()
    // The application, or the end of the session, must not find itself in the hooks of these requests.
    queueMicrotask(() => senders.release())
  }

  /** @internal */
  inboxRead (): void { this.#account() }

  /** @internal */
  listenerFailed (error: unknown): void { this.fail(error, 'message listener') }

  /** @internal Writes all that this turn has produced. */
  flush (): void {
    this.#scheduled = false
    const receiver = this.#receiver
    if (receiver === null) return
    if (this.#greeted && this.#state !== 'closing') {
      this.#write(receiver)
    } else {
      receiver.cork()
      this.#write(receiver)
      receiver.uncork()
    }
    this.#account()
    this.#wake()
  }

  /** @internal */
  expire (): void {
    if (this.#state === 'closed') return this.#forget()
    const receiver = this.#receiver
    if (receiver === null) {
      // The client still reads its last response; the deadline for that is the receiver's. Behind another response, which may
      // never end, it reads nothing, and the response waits without the session.
      const trailing = this.#trailing
      if (trailing !== null && trailing.buffered > 0 && !trailing.queued) return this.#supervision.waiting()
      this.#finish(this.#end ?? CLOSE.timeout, false)
      return this.#forget()
    }
    const verdict = this.#supervision.check(receiver, this.#inbox.held)
    if (verdict === null) {
      // A heartbeat ends a poll, and then the disconnect delay runs already.
      if (this.#receiver === receiver) this.#supervision.arm()
      return
    }
    // A normal closure that never arrived was none (SPRING-D26); any other code is the application's own.
    const reason = this.#end === null || this.#end.code === CLOSE.normal.code ? verdict : this.#end
    this.#finish(reason, false)
    receiver.close(reason)
    receiver.destroy()
  }

  // --- inside ------------------------------------------------------------------------------------------------

  #write (receiver: Receiver): void {
    if (!this.#greeted) {
      this.#greeted = true
      receiver.open()
      if (this.#receiver !== receiver) return
    }
    if (this.#outbox.length > 0) {
      if (receiver.buffered >= this.#host.limits.highWater) return
      const bytes = this.#outbox.bytes
      receiver.messages(this.#outbox.take(), bytes)
    }
    if (this.#receiver !== receiver) return
    if (this.#state === 'closing') {
      this.#finish(this.#end!, true)
      receiver.close(this.#end!)
    } else {
      this.#supervision.spoken(receiver)
    }
  }

  /** Whether so much waits that the application had better wait too. */
  get #stuck (): boolean {
    return this.#state !== 'closed' && this.bufferedBytes >= this.#host.limits.highWater
  }

  /** Some of what waited has left, or the session has ended. */
  #wake (): void {
    if (this.#drain === null || this.#stuck) return
    this.#drain.reached()
    this.#drain = null
  }

  #schedule (): void {
    if (this.#scheduled || this.#receiver === null) return
    this.#scheduled = true
    this.#host.schedule(this)
  }

  /** @internal Closes for a reason of the server. */
  closeFor (reason: CloseReason): void {
    if (this.#state !== 'open' && this.#state !== 'opening') return
    this.#state = 'closing'
    this.#end = reason
    if (this.#receiver === null) this.#supervision.waiting()
    else this.#schedule()
    this.#inbox.end()
  }

  /** The one place where a session ends; `when` calls the listeners, at once or later. */
  #finish (reason: CloseReason, clean: boolean, when: (tell: () => void) => void = atOnce): void {
    if (this.#state === 'closed') return
    const known = this.#state !== 'opening'
    this.#state = 'closed'
    const undelivered = this.#outbox.length
    this.#outbox.take()
    this.#trailing = null
    if (this.#receiver !== null) this.#detach()
    this.#inbox.end()
    this.#account()
    this.#supervision.waiting()
    const event: CloseEvent = { code: reason.code, reason: reason.reason, clean: clean && undelivered === 0, undelivered }
    this.#end = event
    if (known) {
      this.#host.ended(this, event)
      when(() => {
        this.#tell(this.#onClose, event)
        this.#abort?.abort(event)
      })
    }
    if (!this.#remembered) this.#forget()
    this.#wake()
  }

  #tell (listeners: Listeners<CloseEvent>, event: CloseEvent): void {
    emit(listeners, event, (error) => this.#host.failed(this, error, 'close listener'))
  }

  #forget (): void {
    if (this.#forgotten) return
    this.#forgotten = true
    this.#host.clock.stop(this.#supervision)
    this.#host.forget(this)
  }

  /** HTTP clients come back and ask; WebSockets do not (SESSION-4, SESSION-19). */
  get #remembered (): boolean {
    return this.transport !== 'websocket' && !this.raw
  }

  #detach (): void {
    this.#receiver = null
    this.#host.attached(this, false)
  }

  /** A response that the server ended, whose end the client has not got: what was in it is lost. */
  #checkTrailing (next: Receiver): void {
    const trailing = this.#trailing!
    this.#trailing = null
    if (trailing.buffered > 0 && !trailing.sharesConnection(next)) this.#finish(CLOSE.interrupted, false)
  }

  #overflow (bytes: number): false {
    if (this.#host.limits.overflow === 'drop') this.#outbox.drop(bytes)
    else this.abort(CLOSE.slow)
    return false
  }

  #next (): Promise<IteratorResult<Message, undefined>> {
    if (this.#state === 'open' && this.bufferedBytes >= this.#host.limits.highWater) {
      return this.drained().then(() => this.#next())
    }
    return this.#inbox.next()
  }

  /** Tells the process-wide budget what waits in this session now. */
  #account (): void {
    const bytes = this.#state === 'closed' ? 0 : this.bufferedBytes + this.#inbox.bytes + (this.#senders?.bytes ?? 0)
    const delta = bytes - this.#accounted
    if (delta === 0) return
    this.#accounted = bytes
    this.#host.account(delta)
  }
}

function atOnce (tell: () => void): void { tell() }
