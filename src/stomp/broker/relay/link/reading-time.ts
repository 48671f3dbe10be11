import type { Clock } from '../../../../core/clock.ts'

/**
 * The time in which a link reads. A pause does not count, because unread bytes prove nothing about the broker.
 *
 * A client that takes and pauses in short intervals does not put off the deadlines of a broker that confirms nothing.
 */
export class ReadingTime {
  readonly #clock: Clock
  /** The time at which reading was paused, `null` while the link reads. */
  #pausedAt: number | null = null
  /** The sum of the pauses that are over. */
  #pausedFor = 0

  constructor (clock: Clock) {
    this.#clock = clock
  }

  get paused (): boolean { return this.#pausedAt !== null }

  now (): number { return (this.#pausedAt ?? this.#clock.now()) - this.#pausedFor }

  pause (): void { this.#pausedAt ??= this.#clock.now() }

  resume (): void {
    if (this.#pausedAt === null) return
    this.#pausedFor += this.#clock.now() - this.#pausedAt
    this.#pausedAt = null
  }
}
