import type { Clock } from '../../core/clock.ts'
import type { Calls } from './calls.ts'
import type { Names } from './names.ts'
import { RENEW } from './scripts.ts'

/** The time that a lease lasts without its node, in milliseconds. */
export const LEASE = 15_000

/**
 * The interval at which a node renews its lease, in milliseconds.
 *
 * A renewal tries both connections too. The interval and `ANSWER_TIME` together are the time in which a node notices that one is silent.
 */
export const RENEWAL = 2_000

/** The time for which an answer about the lease of another node counts, in milliseconds. */
const FRESH = 1_000

/** The most tokens that a node remembers as alive. */
const MOST_ALIVE = 1_000

/** The node of a token. */
export const nodeOf = (token: string): string => token.slice(0, token.lastIndexOf('.'))

/**
 * The lease of this node.
 *
 * A key belongs to a token, and a token counts for as long as its lease is in Redis. A lease that is gone never comes back: the node takes a new
 * token. So another node may read "the lease is gone" on one server of a Redis Cluster and take the key on another, and needs no transaction.
 */
export class Lease {
  readonly #calls: Calls
  readonly #clock: Clock
  readonly #names: Names
  readonly #node: string
  /** The tokens of other nodes whose leases were there, with the time until which that answer counts. */
  readonly #alive = new Map<string, number>()
  #number = 0
  #renewed = 0

  constructor (calls: Calls, clock: Clock, names: Names, node: string) {
    this.#calls = calls
    this.#clock = clock
    this.#names = names
    this.#node = node
  }

  get token (): string { return `${this.#node}.${this.#number}` }

  /** True before the first token was taken. */
  get isNew (): boolean { return this.#number === 0 }

  /** The key of the lease. */
  get key (): string { return this.#names.lease(this.token) }

  /** The milliseconds since Redis has answered a renewal. */
  get age (): number { return this.#clock.now() - this.#renewed }

  /** Takes a new token and its lease. */
  async take (): Promise<void> {
    this.#number++
    const sent = this.#clock.now()
    await this.#calls.ask('set', this.key, '', 'PX', LEASE)
    this.#renewed = sent
  }

  /** Renews the lease. Resolves with false if it is gone. */
  async renew (): Promise<boolean> {
    const sent = this.#clock.now()
    const kept = await this.#calls.ask('eval', RENEW, 1, this.key, LEASE, this.#names.echo(this.#node), this.token)
    if (kept === 1) this.#renewed = sent
    return kept === 1
  }

  /** Gives the lease back. */
  async end (): Promise<void> { await this.#calls.ask('del', this.key) }

  /** Finds out whether the lease of a token is there. */
  async isAlive (token: string): Promise<boolean> {
    if (token === this.token) return true
    // An earlier token of this node.
    if (nodeOf(token) === this.#node) return false
    const now = this.#clock.now()
    if ((this.#alive.get(token) ?? 0) > now) return true
    const alive = await this.#calls.ask('exists', this.#names.lease(token)) === 1
    if (this.#alive.size >= MOST_ALIVE) this.#alive.clear()
    if (alive) this.#alive.set(token, now + FRESH)
    else this.#alive.delete(token)
    return alive
  }

  /** Forgets which leases were there, after Redis was away. */
  forget (): void { this.#alive.clear() }
}
