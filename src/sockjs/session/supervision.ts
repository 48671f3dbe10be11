import { Timer, type TimerOwner } from '../../core/timer.ts'
import type { Receiver } from './receiver.ts'
import type { SessionHost } from './session-host.ts'

/**
 * The one timer of a session, and what it watches: heartbeats, the answer to a ping, a receiver that does not
 * read, the disconnect delay. A session needs at most one of its deadlines at a time, the nearest.
 */
export class Supervision extends Timer {
  readonly #host: SessionHost
  #lastSpoken = 0
  #lastPing = 0
  /** When the answer to a ping is due, or 0. */
  #answerDue = 0
  /** Since when the receiver has taken nothing of what waits in it, or 0. */
  #stalledSince = 0
  #progress = 0
  /** No heartbeats but pings: a layer above has its own (HEARTBEAT-9). */
  #quiet = false

  constructor (owner: TimerOwner, host: SessionHost) {
    super(owner)
    this.#host = host
  }

  /** A receiver is there: heartbeats begin (HEARTBEAT-8). */
  attached (): void {
    const { clock } = this.#host
    this.#lastSpoken = this.#lastPing = clock.now()
    this.#answerDue = this.#stalledSince = 0
    this.arm()
  }

  quiet (): void {
    this.#quiet = true
  }

  /** No receiver is there, or the session is over: the disconnect delay begins (SESSION-9, SESSION-10). */
  waiting (): void {
    this.#host.clock.start(this, this.#host.limits.disconnectDelay)
  }

  /** A frame went out. Heartbeats are judged when the timer fires; sending never touches it, unless the receiver stalls. */
  spoken (receiver: Receiver): void {
    this.#lastSpoken = this.#host.clock.coarse
    if (this.#stalledSince === 0 && receiver.buffered > 0) {
      // Behind a callback that blocked the loop the coarse time is old, and the client has had none of it (SEC-S79).
      this.#stalledSince = Math.max(this.#host.clock.now(), 1)
      this.#progress = receiver.progress
      this.arm()
    }
  }

  /** The receiver has taken all that waited in it. */
  flushed (): void {
    this.#stalledSince = 0
  }

  /** Looks at every deadline of an attached receiver; returns why the session must end, if it must. */
  check (receiver: Receiver, held: boolean): 'stalled' | 'unanswered' | null {
    const { clock, limits } = this.#host
    const now = clock.now()
    if (this.#stalled(receiver, now)) return 'stalled'
    if (this.#answerDue > 0) {
      // A client that is held back is not read, and its answer with it: ask again afterwards.
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
