import type { Clock } from '../../core/clock.ts'

/** How many empty lines a client may send in a second (SEC-S35). */
export class EolRate {
  readonly #clock: Clock
  readonly #limit: number
  /** How many there were when this second began, and when that was. */
  #before = 0
  #since = 0
  /** How many have been judged. */
  #judged = 0

  constructor (clock: Clock, limit: number) {
    this.#clock = clock
    this.#limit = limit
  }

  /** Whether the limit is passed, now that there have been `total` lines. */
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
