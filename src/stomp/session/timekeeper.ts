import type { Clock } from '../../core/clock.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import type { HeartBeat } from '../codec/index.ts'
import { StompError } from '../errors.ts'
import type { HeartBeatOptions } from './settings.ts'

/** The part of an interval after which the server beats, so that the beat comes in time (STOMP-H5). */
const EARLY = 0.8

/** The interval in milliseconds from which on browsers may throttle the timers of the client (STOMP-H4). */
const THROTTLED = 10_000

/** The last moment that a `Date` can hold, in milliseconds since 1970 (ECMA-262, Time Values). */
const LAST_DATE = 8.64e15

/** Tells whether a value is a time in milliseconds since 1970. */
export function isDate (value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= LAST_DATE
}

/** The session, as its timekeeper calls it. */
export interface TimekeeperOwner {
  /** @internal Sends a heart-beat. */
  beat (): void
  /** @internal Ends the session with an ERROR. */
  fail (error: StompError): void
  /** @internal Asks whether the session goes on, because its time is over. */
  expired (): void
}

/** The deadlines of one STOMP session on one timer: CONNECT in time, heart-beats, expiry. */
export class Timekeeper implements TimerOwner {
  readonly #owner: TimekeeperOwner
  readonly #clock: Clock
  readonly #timer: Timer = new Timer(this)
  /** The time at which CONNECT is due, or 0. */
  #connectDue: number
  #sendEvery = 0
  #silenceAllowed = 0
  #lastSent = 0
  #lastReceived = 0
  /** The time at which the session expires, or 0. */
  #expiry = 0
  #held = false
  #suspended = false
  #stopped = false

  constructor (owner: TimekeeperOwner, clock: Clock, connectTimeout: number) {
    this.#owner = owner
    this.#clock = clock
    this.#connectDue = clock.now() + connectTimeout
    this.#arm()
  }

  /** Ends the deadline of CONNECT. Hooks may judge it for any time. */
  connecting (): void {
    this.#connectDue = 0
    this.#arm()
  }

  /** Starts the heart-beats. `agreed.outgoing` is the interval of the server, `agreed.incoming` that of the client, 0 for none. */
  connected (agreed: HeartBeat, { tolerance, toleranceFloor }: HeartBeatOptions): void {
    // An interval of 1 ms must not become 0, which means none.
    this.#sendEvery = agreed.outgoing === 0 ? 0 : Math.max(1, Math.floor(agreed.outgoing * EARLY))
    this.#silenceAllowed = agreed.incoming * tolerance
    if (agreed.incoming >= THROTTLED) this.#silenceAllowed = Math.max(this.#silenceAllowed, toleranceFloor)
    this.#lastSent = this.#lastReceived = this.#clock.now()
    this.#arm()
  }

  /** Notes that a frame was sent, because any frame counts as a beat (STOMP-H3). */
  sent (): void { this.#lastSent = this.#clock.coarse }

  /** Notes that octets came, because any octet shows that the client lives (STOMP-H3). */
  received (): void { this.#lastReceived = this.#clock.coarse }

  /** Ignores the silence of the client while the session does not read it. */
  hold (on: boolean): void {
    this.#held = on
    if (on || this.#silenceAllowed === 0) return
    this.#lastReceived = this.#clock.now()
    this.#arm()
  }

  /** Pauses the heart-beats of both sides while the connection of the client is cut. The deadline of CONNECT and the expiry go on. */
  suspend (on: boolean): void {
    if (this.#stopped) return
    this.#suspended = on
    if (!on) this.#lastSent = this.#lastReceived = this.#clock.now()
    this.#arm()
  }

  /** Sets the expiry, in milliseconds since 1970. `undefined` is never. */
  expiresAt (date: number | undefined): void {
    if (this.#stopped) return
    this.#expiry = date === undefined ? 0 : Math.max(1, this.#clock.now() + date - this.#clock.date())
    this.#arm()
  }

  /** Stops all deadlines for good. */
  stop (): void {
    this.#stopped = true
    this.#connectDue = this.#sendEvery = this.#silenceAllowed = this.#expiry = 0
    this.#clock.stop(this.#timer)
  }

  expire (): void {
    const now = this.#clock.now()
    // STOMP-C9
    if (this.#connectDue > 0 && now >= this.#connectDue) return this.#owner.fail(new StompError('STOMP_CONNECT_TIMEOUT'))
    if (this.#hears && now - this.#lastReceived >= this.#silenceAllowed) return this.#owner.fail(new StompError('STOMP_HEART_BEAT_LOST'))
    if (this.#expiry > 0 && now >= this.#expiry) {
      this.#expiry = 0
      this.#owner.expired()
    }
    if (this.#beats && now - this.#lastSent >= this.#sendEvery) {
      this.#lastSent = now
      this.#owner.beat()
    }
    if (!this.#stopped) this.#arm()
  }

  /** True while the server must beat. */
  get #beats (): boolean { return this.#sendEvery > 0 && !this.#suspended }

  /** True while the client must beat. */
  get #hears (): boolean { return this.#silenceAllowed > 0 && !this.#held && !this.#suspended }

  #arm (): void {
    let due = Infinity
    if (this.#connectDue > 0) due = this.#connectDue
    if (this.#beats) due = Math.min(due, this.#lastSent + this.#sendEvery)
    if (this.#hears) due = Math.min(due, this.#lastReceived + this.#silenceAllowed)
    if (this.#expiry > 0) due = Math.min(due, this.#expiry)
    if (due === Infinity) this.#clock.stop(this.#timer)
    else this.#clock.start(this.#timer, Math.max(due - this.#clock.now(), 0))
  }
}
