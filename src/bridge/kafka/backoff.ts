import type { Clock } from '../../core/clock.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'

/** The waits between tries, in milliseconds. The last one repeats. */
const WAITS = [250, 500, 1000, 2000, 5000] as const

/** The waits of one piece of work that fails. Each wait is longer than the one before, until a try succeeds. */
export class Backoff implements TimerOwner {
  readonly #clock: Clock
  readonly #timer = new Timer(this)
  #failures = 0
  #wake: (() => void) | null = null

  constructor (clock: Clock) {
    this.#clock = clock
  }

  /** True while a try waits. */
  get waiting (): boolean { return this.#wake !== null }

  /** Resolves when the next try is due. */
  wait (): Promise<void> {
    const ms = WAITS[Math.min(this.#failures++, WAITS.length - 1)]!
    return new Promise((resolve) => {
      this.#wake = resolve
      this.#clock.start(this.#timer, ms)
    })
  }

  /** Tells that a try has succeeded. */
  succeeded (): void { this.#failures = 0 }

  /** Ends the wait now, for example because the application closes. */
  expire (): void {
    this.#clock.stop(this.#timer)
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }
}
