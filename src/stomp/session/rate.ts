import type { Clock } from '../../core/clock.ts'
import { StompError } from '../errors.ts'

/** The rate at which a user may send frames. */
export interface RateOptions {
  readonly perSecond: number
  readonly burst: number
}

/** A token bucket. Time fills it, and frames empty it. */
interface Bucket {
  tokens: number
  filledAt: number
}

/** The number of buckets from which on full ones are forgotten. */
const SWEEP_ABOVE = 1000

/** A session that takes tokens. Sessions of one user share a bucket, and anonymous ones have one each. */
export interface RatedSession {
  readonly id: string
  readonly user: { readonly name: string } | null
}

/** Bounds the work that one user can make for a server, over all of its connections (SEC-S37). */
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
    // The prefixes keep the names of sessions and of users apart.
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

  /** Forgets the full buckets, because a new one would be full, too. */
  #sweep (): void {
    for (const [key, bucket] of this.#buckets) {
      this.#fill(bucket)
      if (bucket.tokens === this.#options.burst) this.#buckets.delete(key)
    }
    this.#sweepAbove = Math.max(SWEEP_ABOVE, 2 * this.#buckets.size)
  }
}
