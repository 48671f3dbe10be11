import type { Clock } from '../../core/clock.ts'

/** The time for which an id is known, in milliseconds. */
const ID_TIME = 120_000

/** The most ids of one generation, so that a flood of messages does not fill the memory. */
const MOST_IDS = 250_000

/**
 * Remembers the ids of the last two minutes with a value for each.
 *
 * Ids are forgotten a generation at a time, so that none needs a time of its own. A flood of more than 250,000 ids in two minutes shortens the memory.
 */
export class RecentIds<T> {
  readonly #clock: Clock
  readonly #most: number
  #young = new Map<string, T>()
  #old = new Map<string, T>()
  #since: number

  constructor (clock: Clock, most = MOST_IDS) {
    this.#clock = clock
    this.#most = most
    this.#since = clock.now()
  }

  get (id: string): T | undefined { return this.#young.get(id) ?? this.#old.get(id) }

  add (id: string, value: T): void {
    const now = this.#clock.now()
    if (now - this.#since > ID_TIME || this.#young.size >= this.#most) {
      this.#old = this.#young
      this.#young = new Map()
      this.#since = now
    }
    this.#young.set(id, value)
  }
}
