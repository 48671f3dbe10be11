import { Timer, type TimerOwner } from '../../core/timer.ts'
import type { Receiver } from './receiver.ts'
import type { SessionHost } from './session-host.ts'

/**
 * The one timer of a session, which waits for the nearest of its deadlines.
 *
 * The deadlines are those of heartbeats, of the answer to a ping, of a stalled receiver and of the disconnect delay.
 */
export class Supervision extends Timer {
  readonly #host: SessionHost
  #lastSpoken = 0
  #lastPing = 0
  /** The time at which the answer to a ping is due, or 0. */
  #answerDue = 0
  /** The time since which the receiver has taken none of its waiting bytes, or 0. */
  #stalledSince = 0
  #progress = 0
  /** True for pings only, because a layer above has heart-beats of its own (HEARTBEAT-9). */
  #quiet = false

  constructor (owner: TimerOwner, host: SessionHost) {
    super(owner)
    this.#host = host
  }

  /** Begins the heartbeats of a receiver that has arrived (HEARTBEAT-8). */
  attached (): void {
    const { clock } = this.#host
    this.#lastSpoken = this.#lastPing = clock.now()
    this.#answerDue = this.#stalledSince = 0
    this.arm()
  }

  quiet (): void {
    this.#quiet = true
  }

  /**
   * Begins the time for which a session waits: because there is no receiver, or because the session is over (SESSION-9, SESSION-10).
   *
   * It is the disconnect delay, or the time that is given.
   */
  waiting (milliseconds = this.#host.limits.disconnectDelay): void {
    this.#host.clock.start(this, milliseconds)
  }

  /**
   * Notes that a frame went out.
   *
   * Heartbeats are decided when the timer fires. Sending does not touch the timer, unless the receiver stalls.
   */
  spoken (receiver: Receiver): void {
    this.#lastSpoken = this.#host.clock.coarse
    if (this.#stalledSince === 0 && receiver.buffered > 0) {
      // After a callback that blocked the event loop, the coarse time is old, and the client had none of it (SEC-S79).
      this.#stalledSince = Math.max(this.#host.clock.now(), 1)
      this.#progress = receiver.progress
      this.arm()
    }
  }

  /** Notes that the receiver has taken all its waiting bytes. */
  flushed (): void {
    this.#stalledSince = 0
  }

  /** Returns the milliseconds since the ping whose answer has come, or `null` if none was due. */
  answer (): number | null {
    if (this.#answerDue === 0) return null
    this.#answerDue = 0
    return this.#host.clock.now() - this.#lastPing
  }

  /** Checks every deadline of an attached receiver. Returns the cause for which the session must end, if any. */
  check (receiver: Receiver, held: boolean): 'stalled' | 'unanswered' | null {
    const { clock, limits } = this.#host
    const now = clock.now()
    if (this.#stalled(receiver, now)) return 'stalled'
    if (this.#answerDue > 0) {
      // The server does not read a client that is held back, nor its answer. The next ping asks again.
      if (receiver.answered || held) this.#answerDue = 0
      else if (now >= this.#answerDue) return 'unanswered'
    }
    const speak = !this.#quiet && now - this.#lastSpoken >= limits.heartbeat
    if (speak || now - this.#lastPing >= limits.heartbeat) {
      const answerDue = receiver.heartbeat(speak)
      if (speak) this.#lastSpoken = now
      this.#lastPing = now
      if (answerDue && !held && this.#answerDue === 0) this.#answerDue = now + limits.pongTimeout
    }
    return null
  }

  #stalled (receiver: Receiver, now: number): boolean {
    if (this.#stalledSince === 0) return false
    if (receiver.buffered === 0) {
      this.#stalledSince = 0
      return false
    }
    if (receiver.progress !== this.#progress) {
      this.#progress = receiver.progress
      this.#stalledSince = now
      return false
    }
    return now - this.#stalledSince >= this.#host.limits.sendTimeout
  }

  /** Starts the timer for the nearest deadline of an attached receiver. */
  arm (): void {
    const { clock, limits } = this.#host
    let due = this.#lastPing + limits.heartbeat
    if (!this.#quiet) due = Math.min(due, this.#lastSpoken + limits.heartbeat)
    if (this.#answerDue > 0) due = Math.min(due, this.#answerDue)
    if (this.#stalledSince > 0) due = Math.min(due, this.#stalledSince + limits.sendTimeout)
    clock.start(this, due - clock.now())
  }
}
