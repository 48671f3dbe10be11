import type { Clock } from '../../core/clock.ts'
import type { Claim, EngineClaims } from '../engine.ts'
import { type Calls, isReply, unavailable, wordsOf } from './calls.ts'
import { type Lease, nodeOf } from './lease.ts'
import type { Names } from './names.ts'
import { FREE, TAKE } from './scripts.ts'
import type { Settling } from './settling.ts'

/** The time after which Redis drops a claim that its node does not renew, in milliseconds. So nothing stays for ever after a node was killed. */
const EXPIRY = 3_600_000

/** The age at which a node renews a claim, in milliseconds. Most sessions are shorter, and cost no renewal. */
const OLD = 1_200_000

/** The most claims that one slice sends. */
const SLICE = 1_000

/** A claim of this node. */
interface Held {
  readonly lost: () => void
  /** The time of the last renewal. */
  at: number
}

/** The parts of the engine that claims need. */
export interface ClaimsHost {
  /** The reason why the engine is not available, or `null`. */
  readonly away: string | null
  /** Takes note of an error that Redis has answered to a command. */
  refused (error: Error): void
}

/** The claims of one node: `sj:<namespace>:c:<key>` has the token of its owner. */
export class RedisClaims implements EngineClaims {
  readonly #host: ClaimsHost
  readonly #calls: Calls
  readonly #clock: Clock
  readonly #names: Names
  readonly #lease: Lease
  readonly #settling: Settling
  /** The claims, the one that was renewed longest ago first. */
  readonly #held = new Map<string, Held>()
  /** The keys that Redis may still have under our token, because an answer was lost or Redis was away. */
  readonly #doubtful = new Set<string>()

  constructor (host: ClaimsHost, calls: Calls, clock: Clock, names: Names, lease: Lease, settling: Settling) {
    this.#host = host
    this.#calls = calls
    this.#clock = clock
    this.#names = names
    this.#lease = lease
    this.#settling = settling
  }

  async claim (key: string, lost: () => void): Promise<Claim> {
    if (this.#settling.active) {
      const owner = await this.locate(key)
      if (owner !== null) return { owner }
    }
    return await this.#sure(async () => {
      const mine = this.#held.get(key)
      if (mine !== undefined) return { owner: nodeOf(this.#lease.token) }
      const held = { lost, at: this.#clock.now() }
      this.#held.set(key, held)
      try {
        const holder = await this.#take(key)
        if (holder === this.#lease.token) return { owner: null, release: () => this.#release(key, held) }
        this.#held.delete(key)
        return { owner: nodeOf(holder) }
      } catch (error) {
        this.#held.delete(key)
        // Redis has set nothing if it has refused the command, because its memory is full for example.
        if (!isReply(error)) this.#doubtful.add(key)
        throw error
      }
    })
  }

  locate (key: string): Promise<string | null> {
    return this.#sure(async () => {
      for (;;) {
        const token = await this.#calls.ask('get', this.#names.claim(key)) as string | null
        if (token !== null && await this.#lease.isAlive(token)) return nodeOf(token)
        if (!this.#settling.active) return null
        await this.#settling.pause()
        this.#check()
      }
    })
  }

  /** Claims everything again, and tells the owners of the keys that another node has by now. */
  async again (): Promise<void> {
    await this.#inSlices([...this.#held], ([key, held]) => this.#renew(key, held))
    await this.#inSlices([...this.#doubtful], async (key) => {
      if (!this.#held.has(key)) await this.#free(key)
      this.#doubtful.delete(key)
    })
  }

  /** Renews the claims that are old, at most a slice of them. */
  async renewOld (): Promise<void> {
    const due: [string, Held][] = []
    for (const entry of this.#held) {
      if (due.length === SLICE || this.#clock.now() - entry[1].at < OLD) break
      due.push(entry)
    }
    await this.#inSlices(due, ([key, held]) => this.#renew(key, held))
  }

  /** Frees everything. */
  async stop (): Promise<void> {
    const keys = [...this.#held.keys(), ...this.#doubtful]
    this.#held.clear()
    this.#doubtful.clear()
    await this.#inSlices(keys, (key) => this.#free(key))
  }

  /** Takes a key if it is free, ours, or of a node that is gone. Resolves with the token that has it then. */
  async #take (key: string): Promise<string> {
    let gone = ''
    for (;;) {
      const { token } = this.#lease
      const holder = await this.#calls.ask('eval', TAKE, 1, this.#names.claim(key), token, gone, EXPIRY) as string
      if (holder === token || await this.#lease.isAlive(holder)) return holder
      gone = holder
    }
  }

  async #renew (key: string, held: Held): Promise<void> {
    if (this.#held.get(key) !== held) return
    // A map keeps the order in which its keys were set.
    this.#held.delete(key)
    this.#held.set(key, held)
    held.at = this.#clock.now()
    const holder = await this.#take(key)
    // It may have been released meanwhile.
    if (this.#held.get(key) !== held) {
      if (!this.#held.has(key)) await this.#free(key)
      return
    }
    if (holder === this.#lease.token) return
    this.#held.delete(key)
    held.lost()
  }

  #release (key: string, held: Held): void {
    if (this.#held.get(key) !== held) return
    this.#held.delete(key)
    if (this.#host.away === null) this.#free(key).catch(() => { this.#doubtful.add(key) })
    else this.#doubtful.add(key)
  }

  async #free (key: string): Promise<void> {
    await this.#calls.ask('eval', FREE, 1, this.#names.claim(key), this.#lease.token)
  }

  async #inSlices<T> (items: readonly T[], each: (item: T) => Promise<void>): Promise<void> {
    for (let i = 0; i < items.length; i += SLICE) await Promise.all(items.slice(i, i + SLICE).map(each))
  }

  /** Answers only if the engine is available, before and after. */
  async #sure<T> (answer: () => Promise<T>): Promise<T> {
    this.#check()
    try {
      return await answer()
    } catch (error) {
      if (!isReply(error)) throw error
      this.#host.refused(error)
      throw unavailable(wordsOf(error))
    }
  }

  #check (): void {
    const { away } = this.#host
    if (away !== null) throw unavailable(away)
  }
}
