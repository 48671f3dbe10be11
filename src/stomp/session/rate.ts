import type { Clock } from '../../core/clock.ts'
import { StompError } from '../errors.ts'

/** How often a user may do something. */
export interface RateOptions {
  readonly perSecond: number
  readonly burst: number
}

/** A token bucket: filled by time, emptied by frames. */
interface Bucket {
  tokens: number
  filledAt: number
}

/** From so many buckets on those that are full again are forgotten. */
const SWEEP_ABOVE = 1000

/** Who takes tokens: sessions of one user share a bucket, anonymous ones have one each. */
export interface RatedSession {
  readonly id: string
  readonly user: { readonly name: string } | null
}

/** SEC-S37: bounds what one user can make a server do, whatever the number of connections. */
export class RateLimiter {
  readonly #options: RateOptions
  readonly #clock: Clock
  readonly #buckets = new Map<string, Bucket>()
  #sweepAbove = SWEEP_ABOVE

  constructor (options: RateOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  /** @throws STOMP_RATE_EXCEEDED */
  take ({ id, user }: RatedSession): void {
    // Two kinds of names that cannot meet.
    const key = user === null ? `session ${id}` : `user ${user.name}`
    const bucket = this.#buckets.get(key) ?? this.#newBucket(key)
    this.#fill(bucket)
    if (bucket.tokens < 1) throw new StompError('STOMP_RATE_EXCEEDED', `at most ${this.#options.perSecond} in a second`)
    bucket.tokens--
  }

  #newBucket (key: string): Bucket {
    if (this.#buckets.size >= this.#sweepAbove) this.#sweep()
    const bucket = { tokens: this.#options.burst, filledAt: this.#clock.now() }
    this.#buckets.set(key, bucket)
    return bucket
  }

  #fill (bucket: Bucket): void {
    const now = this.#clock.now()
    bucket.tokens = Math.min(this.#options.burst, bucket.tokens + (now - bucket.filledAt) * this.#options.perSecond / 1000)
    bucket.filledAt = now
  }

  /** A full bucket is as good as a new one. */
  #sweep (): void {
    for (const [key, bucket] of this.#buckets) {
      this.#fill(bucket)
      if (bucket.tokens === this.#options.burst) this.#buckets.delete(key)
    }
    this.#sweepAbove = Math.max(SWEEP_ABOVE, 2 * this.#buckets.size)
  }
}
