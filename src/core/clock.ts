import { performance } from 'node:perf_hooks'
import type { Timer } from './timer.ts'
import { TICK, Wheel } from './wheel.ts'

/**
 * The source of all time in a server, with one timer wheel for every timer.
 *
 * 50,000 idle sessions cost one timer of the event loop, and a test moves the time on and does not sleep.
 */
export interface Clock {
  /** Whole milliseconds since the clock began. They never go back. */
  now (): number
  /**
   * The time of the last tick, for hot paths, because it costs no call of the system.
   *
   * It is at most a tick behind `now()` while a timer runs and nothing blocks the event loop.
   */
  readonly coarse: number
  /** Milliseconds since 1970, to compare with dates that come from outside. */
  date (): number
  /** Starts or restarts `timer`. It fires between `delay` and `delay` + 50 ms from now. */
  start (timer: Timer, delay: number): void
  /** Stops `timer`. A timer that does not run stays as it is. */
  stop (timer: Timer): void
  /** Keeps the process alive until the function that it returns is called. Timers alone do not. */
  hold (): () => void
}

/** The longest interval of Node, in milliseconds. */
const LONGEST = 2 ** 31 - 1

/** The stall, in milliseconds, after which the sockets are read before any timer fires (SEC-S79). */
const STALL = 500

/** The clock of a running server. It ticks every 50 ms while a timer runs, and not at all while none does. */
export class SystemClock implements Clock {
  readonly #wheel = new Wheel()
  readonly #epoch = performance.now()
  readonly #report: (error: unknown) => void
  #ticker: NodeJS.Timeout | null = null
  #lastTick = 0

  /** `report` gets an error that the owner of a timer throws. The other timers still fire. */
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

  hold (): () => void {
    const handle = setInterval(() => {}, LONGEST)
    return () => clearInterval(handle)
  }

  /** Waits for the next tick of the wheel. An interval would be out of step with the wheel and fire up to a tick late. */
  #wait (now: number): void {
    this.#ticker = setTimeout(() => this.#tick(), TICK - now % TICK).unref()
  }

  #tick (): void {
    const now = this.now()
    this.#wait(now)
    const stalled = now - this.#lastTick > STALL
    this.#lastTick = now
    // The event loop runs timers before it reads sockets, and the bytes that peers sent during a stall must count first.
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

/** A clock that stands still until a test moves it. An error that the owner of a timer throws reaches the test. */
export class ManualClock implements Clock {
  readonly #wheel = new Wheel()
  #now = 0

  now (): number {
    return this.#now
  }

  get coarse (): number { return this.#now }

  /** The date, which begins at the first millisecond of 2000. */
  date (): number { return Date.UTC(2000) + this.#now }

  start (timer: Timer, delay: number): void {
    this.#wheel.start(timer, this.#now, delay)
  }

  /** Stops `timer`. A timer that does not run stays as it is. */
  stop (timer: Timer): void {
    this.#wheel.stop(timer)
  }

  /** Does nothing, because a test keeps its process alive itself. */
  hold (): () => void { return () => {} }

  /** The number of timers that run. */
  get pending (): number {
    return this.#wheel.size
  }

  /** Moves time on by `ms` milliseconds, tick by tick, and fires the timers that fall due on the way. */
  advance (ms: number): void {
    const end = this.#now + ms
    while (this.#now < end) {
      this.#now = Math.min(end, (Math.floor(this.#now / TICK) + 1) * TICK)
      this.#wheel.turn(this.#now, (timer) => timer.owner.expire(timer))
    }
  }
}
