import type { Fifo } from '../../core/fifo.ts'
import type { TimerOwner } from '../../core/timer.ts'
import type { Message } from '../../stream/message-stream.ts'
import type { PreparedMessage } from '../../stream/prepared-message.ts'
import { CLOSE, type CloseReason, isCut, OPEN, type Outgoing } from '../protocol/index.ts'
import { Drain } from './drain.ts'
import type { MessageFault } from './endings.ts'
import { OVERHEAD } from './message-size.ts'
import { Outbox } from './outbox.ts'
import type { Receiver, ResponseOutput } from './receiver.ts'
import type { AnySession, SessionHost } from './session-host.ts'
import { Supervision } from './supervision.ts'

/**
 * The bytes of messages in one frame of a session that can be resumed.
 *
 * A client whose connection is cut again and again gets frame after frame, and goes on where it was. A larger frame would never arrive.
 */
const MOST_IN_FRAME = 16 * 1024

/**
 * Sends the messages of a session to its client.
 *
 * It keeps the messages that wait, and the receivers that carry them, one after the other. Receivers report their progress here.
 */
export class Output implements TimerOwner, ResponseOutput {
  readonly #session: AnySession
  readonly #host: SessionHost
  readonly #outbox: Outbox
  readonly #supervision: Supervision
  #receiver: Receiver | null = null
  /** An ended response whose last bytes have not left yet. */
  #trailing: Receiver | null = null
  #drain: Drain | null = null
  /** The moment at which the client has the whole trailing response, if anything waits for it. */
  #settled: Drain | null = null
  /** True when the client has the frame `o`. Without SockJS framing there is none. */
  #greeted: boolean
  #scheduled = false

  constructor (session: AnySession, host: SessionHost) {
    this.#session = session
    this.#host = host
    this.#outbox = new Outbox(session.raw, host.limits.binary, host.plain)
    this.#supervision = new Supervision(this, host)
    this.#greeted = session.raw
    this.#supervision.waiting()
  }

  /** The receiver that is attached now. */
  get receiver (): Receiver | null { return this.#receiver }

  /** The ended response whose last bytes have not left yet. */
  get trailing (): Receiver | null { return this.#trailing }

  /** Encoded bytes that were sent and have not left the process. Messages that are kept until the client confirms them do not count. */
  get bytes (): number {
    const receiver = this.#receiver ?? this.#trailing
    return receiver === null ? this.#outbox.bytes : this.#outbox.bytes + receiver.buffered
  }

  /**
   * The bytes that count against `queue.limit`.
   *
   * These are all without the messages that were put back, until they have left again, because the application has sent them long ago. At most
   * `resume.limit` is left out, so that a client that comes back again and again and reads nothing cannot make the queue longer each time.
   */
  get countedBytes (): number {
    const { resumption } = this.#session
    const { bytes } = this
    if (resumption === null) return bytes
    const onTheirWay = bytes - this.#outbox.bytes
    const fresh = this.#outbox.freshBytes + Math.min(onTheirWay, this.#outbox.passedBytes)
    return Math.max(fresh, bytes - resumption.limits.limit)
  }

  /**
   * Encoded bytes that were sent and have not left the process, or are kept until the client confirms them.
   *
   * In a session that can be resumed, each message that waits or is kept counts `OVERHEAD` more.
   */
  get keptBytes (): number {
    const { resumption } = this.#session
    const { bytes } = this
    if (resumption === null) return bytes
    const waiting = this.#outbox.bytes
    // The bytes on their way out are those of messages that are kept.
    return waiting + this.#outbox.length * OVERHEAD + Math.max(resumption.kept.cost, bytes - waiting)
  }

  /** Adds a message. Returns its encoded length. */
  add (message: Message | PreparedMessage): number { return this.#outbox.add(message) }

  /** Takes back the message that was added last. */
  takeBack (bytes: number): void { this.#outbox.drop(bytes) }

  /** Plans a write at the end of this turn of the event loop, if there is a receiver. */
  schedule (): void {
    if (this.#scheduled || this.#receiver === null) return
    this.#scheduled = true
    this.#host.schedule(this.#session)
  }

  /** Resolves when less than the high-water mark waits, or the session has ended. */
  async drained (): Promise<void> {
    while (this.full) await (this.#drain ??= new Drain()).done
  }

  /** True when so much waits that the application should wait too. */
  get full (): boolean {
    return this.#session.state !== 'closed' && this.bytes >= this.#host.limits.highWater
  }

  /** Stops the `h` frames (HEARTBEAT-9). */
  quiet (): void { this.#supervision.quiet() }

  /**
   * Resolves when the last bytes of the trailing response have left, or when that has failed. It returns `null` if there are none.
   *
   * In a cluster, the next request of a client can be faster than the word of another node that the last response has left.
   */
  settled (): Promise<void> | null {
    if (this.#trailing === null || this.#trailing.buffered === 0) return null
    this.#settled ??= new Drain()
    return this.#settled.done
  }

  // --- for receivers -----------------------------------------------------------------------------------------

  /** Attaches a receiver that has arrived for this session. */
  attach (receiver: Receiver): void {
    const session = this.#session
    if (this.#trailing !== null) this.#checkTrailing(this.#trailing, receiver)
    if (session.state === 'closed') {
      receiver.close(session.closeReason!)
    } else if (this.#receiver !== null) {
      receiver.close(CLOSE.conflict)
    } else if (session.suspended && this.#greeted) {
      // The request came with the old id before the session was suspended. Its client must resume, because messages can be lost.
      receiver.destroy()
    } else {
      this.#receiver = receiver
      this.#host.attached(session, true)
      this.#supervision.attached()
      if (session.held) receiver.pause(true)
      this.schedule()
      if (session.suspended) session.resumption!.returned()
    }
  }

  /** Detaches a response that has ended as planned. The client comes back with the next one. */
  done (receiver: Receiver): void {
    if (receiver !== this.#receiver) return
    this.#trailing = receiver
    this.#detach()
    if (this.#session.state !== 'closed') this.#supervision.waiting()
  }

  /** Goes on: all bytes that were written to the receiver have left. */
  flushed (receiver: Receiver): void {
    if (receiver === this.#trailing) {
      this.#trailing = null
      this.#settle()
      // The client could not come back before it had the whole response.
      if (this.#receiver === null && this.#session.state !== 'closed') this.#supervision.waiting()
    } else if (receiver === this.#receiver) {
      this.#supervision.flushed()
      if (this.#outbox.length > 0 || this.#session.state === 'closing') this.schedule()
    } else {
      return
    }
    this.#session.account()
    this.wake()
  }

  /** Notes that the client is gone (SESSION-6, SESSION-8). */
  interrupted (receiver: Receiver): void {
    if (receiver === this.#receiver || receiver === this.#trailing) this.#session.lose('interrupted')
  }

  /** Ends the session, because the client or the connection has closed with a code. */
  closed (receiver: Receiver, reason: CloseReason, clean: boolean): void {
    if (this.#session.resumption !== null && isCut(reason.code)) return this.interrupted(receiver)
    if (receiver === this.#receiver) this.#session.end(clean ? 'client' : 'broken', reason, clean)
  }

  /** Ends the session, because its client has left it by a request. */
  left (): void {
    const receiver = this.#receiver
    this.#session.end('client', CLOSE.normal, true)
    receiver?.close(CLOSE.normal)
  }

  /** Notes the answer to a ping. */
  answered (receiver: Receiver): void {
    const milliseconds = receiver === this.#receiver ? this.#supervision.answer() : null
    if (milliseconds !== null) this.#session.counters.answered(milliseconds / 1000)
  }

  /** Ends the session, because the client has sent a message with a fault. The receiver closes the connection. */
  faulty (receiver: Receiver, fault: MessageFault): void {
    if (receiver === this.#receiver) this.#session.end(fault)
  }

  // --- for the session and its timer -------------------------------------------------------------------------

  /** Writes all messages that this turn has produced. */
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
    this.wake()
  }

  /** Acts on the nearest deadline, which has come. */
  expire (): void {
    const session = this.#session
    if (session.state === 'closed') return session.forget()
    const receiver = this.#receiver
    if (session.suspended) return session.resumption!.giveUp('expired')
    if (receiver === null) {
      // The client still reads its last response, and the receiver has a deadline for that. If that response is queued behind another one,
      // which may never end, the client cannot read it, and the session does not wait for it.
      const trailing = this.#trailing
      if (trailing !== null && trailing.buffered > 0 && !trailing.queued) return this.#supervision.waiting()
      const reachable = this.#host.reachable()
      if (reachable === null) return session.lose('timeout')
      reachable.catch(() => false).then((yes) => {
        // A receiver came meanwhile, or the session has ended.
        if (this.#supervision.running) return
        // The next request of the client may be at another node, which cannot tell this one.
        if (yes) session.lose('timeout')
        else this.#supervision.waiting()
      })
      return
    }
    const cause = this.#supervision.check(receiver, session.held)
    if (cause !== null) session.lose(cause)
    // A heartbeat ends a poll, and then the disconnect delay runs already.
    else if (this.#receiver === receiver) this.#supervision.arm()
  }

  /**
   * Sends the messages and the close frame of a closing session.
   *
   * Without a receiver, they wait for the next one that comes within the disconnect delay.
   */
  closing (): void {
    if (this.#receiver !== null) this.schedule()
    // A suspended session has its own time for that.
    else if (!this.#session.suspended) this.#supervision.waiting()
  }

  /**
   * Drops the messages that wait, and the receiver, because the session has ended. The time begins in which it repeats its close frame.
   *
   * Returns the number of messages that no receiver got. If the connection was `lost`, the messages that its client has not confirmed count too.
   */
  abandon (lost: boolean): number {
    const unconfirmed = lost ? this.#session.resumption?.kept.unconfirmed ?? 0 : 0
    const undelivered = this.#outbox.length + unconfirmed
    this.#outbox.clear()
    this.#trailing = null
    this.#settle()
    if (this.#receiver !== null) this.#detach()
    this.#supervision.waiting()
    return undelivered
  }

  /** Drops the receiver of a session that is suspended for `milliseconds`. */
  suspend (milliseconds: number): void {
    this.#trailing = null
    this.#settle()
    if (this.#receiver !== null) this.#detach()
    this.#supervision.waiting(milliseconds)
  }

  /** Prepares a new connection. It begins with the messages that the lost one has not brought. */
  restart ({ messages, bytes }: { readonly messages: Fifo<Outgoing>, readonly bytes: number }): void {
    this.#greeted = false
    this.#outbox.putBack(messages, bytes)
  }

  stop (): void { this.#host.clock.stop(this.#supervision) }

  /** Resolves `drained()` if enough bytes have left, or if the session has ended. */
  wake (): void {
    if (this.#drain === null || this.full) return
    this.#drain.reached()
    this.#drain = null
  }

  // --- inside ------------------------------------------------------------------------------------------------

  #write (receiver: Receiver): void {
    if (!this.#greeted) {
      this.#greeted = true
      receiver.control(OPEN)
      if (this.#receiver !== receiver) return
    }
    const { resumption } = this.#session
    if (resumption !== null) {
      const frame = resumption.takeFrame()
      if (frame !== null) receiver.control(frame)
      if (this.#receiver !== receiver) return
    }
    while (this.#outbox.length > 0) {
      if (receiver.buffered >= this.#host.limits.highWater) return
      this.#writeMessages(receiver)
      if (this.#receiver !== receiver) return
    }
    if (this.#session.state === 'closing') this.#session.allDelivered(receiver)
    else this.#supervision.spoken(receiver)
  }

  /** Gives the receiver all messages that wait, or a part that the client can confirm. */
  #writeMessages (receiver: Receiver): void {
    const { resumption } = this.#session
    if (resumption === null) {
      const { bytes } = this.#outbox
      return receiver.messages(this.#outbox.take(), bytes)
    }
    const part = this.#outbox.takePart(MOST_IN_FRAME)
    resumption.kept.add(part.messages)
    receiver.messages(part.messages, part.bytes)
  }

  #settle (): void {
    this.#settled?.reached()
    this.#settled = null
  }

  #detach (): void {
    this.#receiver = null
    this.#host.attached(this.#session, false)
  }

  /** Checks an ended response whose end the client has not got. If so, its frames are lost. */
  #checkTrailing (trailing: Receiver, next: Receiver): void {
    this.#trailing = null
    if (trailing.buffered > 0 && !trailing.sharesConnection(next)) this.#session.lose('interrupted')
  }
}
