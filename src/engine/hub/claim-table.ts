import type { Clock } from '../../core/clock.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import { RECLAIM_TIME } from '../engine.ts'

/** A node at the hub, which claims keys and asks for them. */
export interface Claimant {
  readonly node: string
  /** The keys that it has. */
  readonly keys: Set<string>
  /** Gets the answer to one of its requests: the node that has the key, or the empty string. */
  answer (request: number, owner: string): void
}

/** A request about a key that no node has, while nodes may still bring their claims. */
interface Waiting {
  readonly claimant: Claimant
  readonly request: number
  readonly key: string
  readonly wants: boolean
}

/**
 * Holds the keys that the nodes have claimed.
 *
 * After a hub came back, the nodes have `RECLAIM_TIME` to claim their keys again. Until then the hub does not say that a key is free.
 */
export class ClaimTable implements TimerOwner {
  readonly #owners = new Map<string, Claimant>()
  readonly #clock: Clock
  #settled: number
  readonly #timer = new Timer(this)
  #expectsClaims = false
  #waiting: Waiting[] = []

  constructor (clock: Clock) {
    this.#clock = clock
    this.#settled = clock.now() + RECLAIM_TIME
  }

  /** Learns that a hub was here before: nodes may bring claims. */
  expectClaims (): void { this.#expectsClaims = true }

  claim (claimant: Claimant, request: number, key: string): void {
    this.#ask({ claimant, request, key, wants: true })
  }

  locate (claimant: Claimant, request: number, key: string): void {
    this.#ask({ claimant, request, key, wants: false })
  }

  /** Gives a key to a node that had it at the hub before, unless another node has it by now. */
  reclaim (claimant: Claimant, request: number, key: string): void {
    const owner = this.#owners.get(key)
    if (owner === undefined) this.#give(key, claimant)
    claimant.answer(request, owner === undefined || owner === claimant ? '' : owner.node)
  }

  release (claimant: Claimant, key: string): void {
    claimant.keys.delete(key)
    if (this.#owners.get(key) === claimant) this.#owners.delete(key)
  }

  /**
   * Frees all keys of a node whose line has closed.
   *
   * A node that stops has none left. One that has some is dead, or connects again, so that no key counts as free until it had the time to return.
   */
  leave (claimant: Claimant): void {
    if (claimant.keys.size > 0) {
      this.#expectsClaims = true
      this.#settled = this.#clock.now() + RECLAIM_TIME
    }
    for (const key of claimant.keys) this.release(claimant, key)
    this.#waiting = this.#waiting.filter((each) => each.claimant !== claimant)
  }

  stop (): void { this.#clock.stop(this.#timer) }

  /** Answers the requests that waited, in their order. */
  expire (): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const each of waiting) this.#answer(each)
  }

  #ask (asked: Waiting): void {
    const remaining = this.#expectsClaims ? this.#settled - this.#clock.now() : 0
    if (remaining <= 0 || this.#owners.has(asked.key)) return this.#answer(asked)
    this.#waiting.push(asked)
    if (!this.#timer.running) this.#clock.start(this.#timer, remaining)
  }

  #answer ({ claimant, request, key, wants }: Waiting): void {
    const owner = this.#owners.get(key)
    if (owner === undefined && wants) this.#give(key, claimant)
    claimant.answer(request, owner?.node ?? '')
  }

  #give (key: string, claimant: Claimant): void {
    this.#owners.set(key, claimant)
    claimant.keys.add(key)
  }
}
