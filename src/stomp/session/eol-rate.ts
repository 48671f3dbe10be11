import type { Clock } from '../../clock/index.ts'

/** How many empty lines a client may send in a second (SEC-S35). */
export class EolRate {
  readonly #clock: Clock
  readonly #limit: number
  /** How many there were when this second began, and when that was. */
  #before = 0
  #since = 0

  constructor (clock: Clock, limit: number) {
    this.#clock = clock
    this.#limit = limit
  }

  /** Whether the limit is passed, now that the number of lines has grown from `before` to `total`. */
  exceeds (before: number, total: number): boolean {
    const now = this.#clock.coarse
    if (now - this.#since >= 1000) {
      this.#since = now
      this.#before = before
    }
    return total - this.#before > this.#limit
  }
}
