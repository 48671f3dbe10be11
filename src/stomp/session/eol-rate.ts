import type { Clock } from '../../core/clock.ts'

/** The bound of the empty lines that a client may send in a second (SEC-S35). */
export class EolRate {
  readonly #clock: Clock
  readonly #limit: number
  /** The number of lines when this second began, and the time of that. */
  #before = 0
  #since = 0
  /** The number of lines that have been judged. */
  #judged = 0

  constructor (clock: Clock, limit: number) {
    this.#clock = clock
    this.#limit = limit
  }

  /** Tells whether `total` lines pass the limit. */
  exceeds (total: number): boolean {
    if (total === this.#judged) return false
    const before = this.#judged
    this.#judged = total
    const now = this.#clock.coarse
    if (now - this.#since >= 1000) {
      this.#since = now
      this.#before = before
    }
    return total - this.#before > this.#limit
  }
}
