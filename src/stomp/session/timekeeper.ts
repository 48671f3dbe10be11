import type { Clock } from '../../core/clock.ts'
import { Timer } from '../../core/timer.ts'
import type { HeartBeat } from '../codec/index.ts'
import type { HeartBeatOptions } from './host.ts'

/** A server beats early, so that the client sees it in time (STOMP-H5). */
const EARLY = 0.8

/** From this interval on, browsers may throttle the timers of the other side (STOMP-H4). */
const THROTTLED = 10_000

/** The last moment that a `Date` can hold, in milliseconds since 1970 (ECMA-262, Time Values). */
const LAST_DATE = 8.64e15

/** Whether a value is a time in milliseconds since 1970. */
export function isDate (value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= LAST_DATE
}

/** The session, as its timekeeper sees it. */
export interface TimekeeperOwner {
  beat (): void
  heartBeatLost (): void
  connectOverdue (): void
  expired (): void
}

/** Everything about one STOMP session that depends on time, on one timer: CONNECT in time, heart-beats, expiry. */
export class Timekeeper {
  readonly #owner: TimekeeperOwner
  readonly #clock: Clock
  readonly #timer: Timer = new Timer(this)
  /** When CONNECT is due, or 0. */
  #connectDue: number
  #sendEvery = 0
  #silenceAllowed = 0
  #lastSent = 0
  #lastReceived = 0
  /** When the session expires, or 0. */
  #expiry = 0
  #held = false
  #stopped = false

  constructor (owner: TimekeeperOwner, clock: Clock, connectTimeout: number) {
    this.#owner = owner
    this.#clock = clock
    this.#connectDue = clock.now() + connectTimeout
    this.#arm()
  }

  /** CONNECT has come: it may be judged as long as that takes. */
  connecting (): void {
    this.#connectDue = 0
    this.#arm()
  }

  /** `agreed.outgoing` is what we send, `agreed.incoming` what we get; 0 for never. */
  connected (agreed: HeartBeat, { tolerance, toleranceFloor }: HeartBeatOptions): void {
    // 0 would mean never: an interval of 1 ms must not become that.
    this.#sendEvery = agreed.outgoing === 0 ? 0 : Math.max(1, Math.floor(agreed.outgoing * EARLY))
    this.#silenceAllowed = agreed.incoming * tolerance
    if (agreed.incoming >= THROTTLED) this.#silenceAllowed = Math.max(this.#silenceAllowed, toleranceFloor)
    this.#lastSent = this.#lastReceived = this.#clock.now()
    this.#arm()
  }

  /** Something was sent: any frame counts as a beat (STOMP-H3). */
  sent (): void { this.#lastSent = this.#clock.coarse }

  /** Octets came: any proves life (STOMP-H3). */
  received (): void { this.#lastReceived = this.#clock.coarse }

  /** While nothing is read from the client, its silence means nothing. */
  hold (on: boolean): void {
    this.#held = on
    if (on || this.#silenceAllowed === 0) return
    this.#lastReceived = this.#clock.now()
    this.#arm()
  }

  /** `date` in milliseconds since 1970; `undefined` for never. */
  expiresAt (date: number | undefined): void {
    if (this.#stopped) return
    this.#expiry = date === undefined ? 0 : Math.max(1, this.#clock.now() + date - this.#clock.date())
    this.#arm()
  }

  /** For good: the session is over. */
  stop (): void {
    this.#stopped = true
    this.#connectDue = this.#sendEvery = this.#silenceAllowed = this.#expiry = 0
    this.#clock.stop(this.#timer)
  }

  expire (): void {
    const now = this.#clock.now()
    if (this.#connectDue > 0 && now >= this.#connectDue) return this.#owner.connectOverdue()
    if (this.#silenceAllowed > 0 && !this.#held && now - this.#lastReceived >= this.#silenceAllowed) return this.#owner.heartBeatLost()
    if (this.#expiry > 0 && now >= this.#expiry) {
      this.#expiry = 0
      this.#owner.expired()
    }
    if (this.#sendEvery > 0 && now - this.#lastSent >= this.#sendEvery) {
      this.#lastSent = now
      this.#owner.beat()
    }
    if (!this.#stopped) this.#arm()
  }

  #arm (): void {
    let due = Infinity
    if (this.#connectDue > 0) due = this.#connectDue
    if (this.#sendEvery > 0) due = Math.min(due, this.#lastSent + this.#sendEvery)
    if (this.#silenceAllowed > 0 && !this.#held) due = Math.min(due, this.#lastReceived + this.#silenceAllowed)
    if (this.#expiry > 0) due = Math.min(due, this.#expiry)
    if (due === Infinity) this.#clock.stop(this.#timer)
    else this.#clock.start(this.#timer, Math.max(due - this.#clock.now(), 0))
  }
}
