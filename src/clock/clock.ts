import { performance } from 'node:perf_hooks'
import type { Timer } from './timer.ts'
import { TICK, Wheel } from './wheel.ts'

/**
 * Where all time comes from: one coarse wheel for every timer of a server, so that 50,000 idle sessions cost
 * one timer of the event loop, and tests need no sleep.
 */
export interface Clock {
  /** Whole milliseconds since the clock began; never goes back. */
  now (): number
  /** As `now()`, at most a tick old while a timer runs and nothing blocks the loop: free to ask, for hot paths. */
  readonly coarse: number
  /** Milliseconds since 1970, for dates that come from outside. */
  date (): number
  /** Starts or restarts `timer`; it fires between `delay` and `delay` + 50 ms from now. */
  start (timer: Timer, delay: number): void
  /** Stops `timer`; nothing happens when it does not run. */
  stop (timer: Timer): void
}

/** After a stall of this length the sockets are read before any timer fires (SEC-S79). */
const STALL = 500

/** The clock of a running server: ticks every 50 ms while it has timers, and not at all when it has none. */
export class SystemClock implements Clock {
  readonly #wheel = new Wheel()
  readonly #epoch = performance.now()
  readonly #report: (error: unknown) => void
  #ticker: NodeJS.Timeout | null = null
  #lastTick = 0

  /** `report` gets what an owner throws; the other timers fire all the same. */
  constructor (report: (error: unknown) => void) {
    this.#report = report
  }

  now (): number {
    return Math.trunc(performance.now() - this.#epoch)
  }

  get coarse (): number { return this.#lastTick }

  date (): number { return Date.now() }

  start (timer: Timer, delay: number): void {
    const now = this.now()
    if (this.#ticker === null) {
      this.#wheel.skipTo(now)
      this.#lastTick = now
      this.#wait(now)
    }
    this.#wheel.start(timer, now, delay)
  }

  stop (timer: Timer): void {
    this.#wheel.stop(timer)
  }

  /** Waits for the next tick of the wheel: a free-running interval would be out of step with it, up to a tick late. */
  #wait (now: number): void {
    this.#ticker = setTimeout(() => this.#tick(), TICK - now % TICK).unref()
  }

  #tick (): void {
    const now = this.now()
    this.#wait(now)
    const stalled = now - this.#lastTick > STALL
    this.#lastTick = now
    // The event loop runs timers before it reads sockets: what peers sent during a stall must count first.
    if (stalled) setImmediate(() => this.#turn())
    else this.#turn()
  }

  #turn (): void {
    this.#wheel.turn(this.now(), (timer) => {
      try {
        timer.owner.expire(timer)
      } catch (error) {
        this.#report(error)
      }
    })
    if (this.#wheel.size === 0 && this.#ticker !== null) {
      clearTimeout(this.#ticker)
      this.#ticker = null
    }
  }
}

/** A clock that stands still until a test moves it. What an owner throws reaches the test. */
export class ManualClock implements Clock {
  readonly #wheel = new Wheel()
  #now = 0

  now (): number {
    return this.#now
  }

  get coarse (): number { return this.#now }

  /** Begins at the first millisecond of 2000. */
  date (): number { return Date.UTC(2000) + this.#now }

  start (timer: Timer, delay: number): void {
    this.#wheel.start(timer, this.#now, delay)
  }

  /** Stops `timer`; nothing happens when it does not run. */
  stop (timer: Timer): void {
    this.#wheel.stop(timer)
  }

  /** How many timers run. */
  get pending (): number {
    return this.#wheel.size
  }

  /** Moves time on by `ms` milliseconds, tick by tick, firing what is due on the way. */
  advance (ms: number): void {
    const end = this.#now + ms
    while (this.#now < end) {
      this.#now = Math.min(end, (Math.floor(this.#now / TICK) + 1) * TICK)
      this.#wheel.turn(this.#now, (timer) => timer.owner.expire(timer))
    }
  }
}
