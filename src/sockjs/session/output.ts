import type { TimerOwner } from '../../core/timer.ts'
import type { Message } from '../../stream/message-stream.ts'
import type { PreparedMessage } from '../../stream/prepared-message.ts'
import { CLOSE, type CloseReason } from '../protocol/index.ts'
import { Drain } from './drain.ts'
import type { MessageFault } from './endings.ts'
import { Outbox } from './outbox.ts'
import type { Receiver } from './receiver.ts'
import type { AnySession, SessionHost } from './session-host.ts'
import { Supervision } from './supervision.ts'

/**
 * The way of a session to its client: the messages that wait, and the receiver that carries them, one after the other. Receivers
 * report here how far they are.
 */
export class Output implements TimerOwner {
  readonly #session: AnySession
  readonly #host: SessionHost
  readonly #outbox: Outbox
  readonly #supervision: Supervision
  #receiver: Receiver | null = null
  /** An ended response whose last bytes are still on the way out. */
  #trailing: Receiver | null = null
  #drain: Drain | null = null
  /** Whether the client has its frame `o`. There is none without SockJS framing. */
  #greeted: boolean
  #scheduled = false

  constructor (session: AnySession, host: SessionHost) {
    this.#session = session
    this.#host = host
    this.#outbox = new Outbox(session.raw, host.limits.binary)
    this.#supervision = new Supervision(this, host)
    this.#greeted = session.raw
    this.#supervision.waiting()
  }

  /** The receiver that is attached now. */
  get receiver (): Receiver | null { return this.#receiver }

  /** Encoded bytes that were sent and have not left the process. */
  get bytes (): number {
    const receiver = this.#receiver ?? this.#trailing
    return receiver === null ? this.#outbox.bytes : this.#outbox.bytes + receiver.buffered
  }

  /** Adds a message. Returns its encoded length. */
  add (message: Message | PreparedMessage): number { return this.#outbox.add(message) }

  /** Takes back the message that was added last. */
  takeBack (bytes: number): void { this.#outbox.drop(bytes) }

  /** Writes at the end of this turn of the event loop, if there is a receiver. */
  schedule (): void {
    if (this.#scheduled || this.#receiver === null) return
    this.#scheduled = true
    this.#host.schedule(this.#session)
  }

  /** Resolves when less than the high-water mark waits, or the session has ended. */
  async drained (): Promise<void> {
    while (this.full) await (this.#drain ??= new Drain()).done
  }

  /** Whether so much waits that the application should wait too. */
  get full (): boolean {
    return this.#session.state !== 'closed' && this.bytes >= this.#host.limits.highWater
  }

  /** Stops the `h` frames (HEARTBEAT-9). */
  quiet (): void { this.#supervision.quiet() }

  // --- for receivers -----------------------------------------------------------------------------------------

  /** A receiver for this session has arrived. */
  attach (receiver: Receiver): void {
    const session = this.#session
    if (this.#trailing !== null) this.#checkTrailing(this.#trailing, receiver)
    if (session.state === 'closed') {
      receiver.close(session.closeReason!)
    } else if (this.#receiver !== null) {
      receiver.close(CLOSE.conflict)
    } else {
      this.#receiver = receiver
      this.#host.attached(session, true)
      this.#supervision.attached()
      if (session.held) receiver.pause(true)
      this.schedule()
    }
  }

  /** The response has ended as planned; the client comes back with the next one. */
  done (receiver: Receiver): void {
    if (receiver !== this.#receiver) return
    this.#trailing = receiver
    this.#detach()
    if (this.#session.state !== 'closed') this.#supervision.waiting()
  }

  /** All that was written to the receiver has left. */
  flushed (receiver: Receiver): void {
    if (receiver === this.#trailing) {
      this.#trailing = null
      // Before it had the whole response the client could not come back.
      if (this.#receiver === null && this.#session.state !== 'closed') this.#supervision.waiting()
    } else if (receiver === this.#receiver) {
      this.#supervision.flushed()
      if (this.#outbox.length > 0 || this.#session.state === 'closing') this.schedule()
    } else {
      return
    }
    this.#session.account()
    this.#wake()
  }

  /** The client is gone (SESSION-6, SESSION-8). */
  interrupted (receiver: Receiver): void {
    if (receiver === this.#receiver || receiver === this.#trailing) this.#session.end('interrupted')
  }

  /** The client or the connection has closed with a code. */
  closed (receiver: Receiver, reason: CloseReason, clean: boolean): void {
    if (receiver === this.#receiver) this.#session.end('client', reason, clean)
  }

  /** The client has sent a message with a fault. The receiver closes the connection. */
  faulty (receiver: Receiver, fault: MessageFault): void {
    if (receiver === this.#receiver) this.#session.end(fault)
  }

  // --- for the session and its timer -------------------------------------------------------------------------

  /** Writes all that this turn has produced. */
  flush (): void {
    this.#scheduled = false
    const receiver = this.#receiver
    if (receiver === null) return
    if (this.#greeted && this.#session.state !== 'closing') {
      this.#write(receiver)
    } else {
      receiver.cork()
      this.#write(receiver)
      receiver.uncork()
    }
    this.#session.account()
    this.#wake()
  }

  /** The nearest deadline has come. */
  expire (): void {
    const session = this.#session
    if (session.state === 'closed') return session.forget()
    const receiver = this.#receiver
    if (receiver === null) {
      // The client still reads its last response; the deadline for that is the receiver's. Behind another response, which may
      // never end, it reads nothing, and the response waits without the session.
      const trailing = this.#trailing
      if (trailing !== null && trailing.buffered > 0 && !trailing.queued) return this.#supervision.waiting()
      session.end('timeout')
      return session.forget()
    }
    const cause = this.#supervision.check(receiver, session.held)
    if (cause !== null) session.end(cause)
    // A heartbeat ends a poll, and then the disconnect delay runs already.
    else if (this.#receiver === receiver) this.#supervision.arm()
  }

  /** The session is closing: its messages and the close frame go to the receiver, or to the next one that comes within the disconnect delay. */
  closing (): void {
    if (this.#receiver === null) this.#supervision.waiting()
    else this.schedule()
  }

  /** Gives up the messages that wait, and the receiver. Returns how many messages were not handed to a receiver. */
  abandon (): number {
    const undelivered = this.#outbox.length
    this.#outbox.take()
    this.#trailing = null
    if (this.#receiver !== null) this.#detach()
    return undelivered
  }

  /** The session is remembered from now on, to repeat its close frame. */
  remember (): void { this.#supervision.waiting() }

  /** The session has ended: callers of `drained()` go on. */
  release (): void { this.#wake() }

  stop (): void { this.#host.clock.stop(this.#supervision) }

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
    if (this.#session.state === 'closing') this.#session.allDelivered(receiver)
    else this.#supervision.spoken(receiver)
  }

  /** Some of the bytes that waited have left, or the session has ended. */
  #wake (): void {
    if (this.#drain === null || this.full) return
    this.#drain.reached()
    this.#drain = null
  }

  #detach (): void {
    this.#receiver = null
    this.#host.attached(this.#session, false)
  }

  /** A response that the server ended, whose end the client has not got: its frames are lost. */
  #checkTrailing (trailing: Receiver, next: Receiver): void {
    this.#trailing = null
    if (trailing.buffered > 0 && !trailing.sharesConnection(next)) this.#session.end('interrupted')
  }
}
