import type { Claim, EngineClaims } from '../engine.ts'
import type { HubConnection, HubUser } from './connection.ts'
import { OP } from './wire.ts'

/** One claim of this node. */
interface Held {
  readonly lost: () => void
}

/** The claims of one node at the hub. */
export class HubClaims implements EngineClaims, HubUser {
  readonly #connection: HubConnection
  readonly #held = new Map<string, Held>()

  constructor (connection: HubConnection) {
    this.#connection = connection
  }

  async claim (key: string, lost: () => void): Promise<Claim> {
    const owner = await this.#connection.request(OP.claim, key)
    if (owner !== '') return { owner }
    const held = { lost }
    this.#held.set(key, held)
    return { owner: null, release: () => this.#release(key, held) }
  }

  async locate (key: string): Promise<string | null> {
    return await this.#connection.request(OP.locate, key) || null
  }

  async restore (): Promise<void> {
    await Promise.all([...this.#held].map(([key, held]) => this.#reclaim(key, held)))
  }

  async #reclaim (key: string, held: Held): Promise<void> {
    const owner = await this.#connection.request(OP.reclaim, key)
    if (owner === '' || this.#held.get(key) !== held) return
    this.#held.delete(key)
    held.lost()
  }

  /** Frees a key. A hub that is away has freed it already, because the line to it has closed. */
  #release (key: string, held: Held): void {
    if (this.#held.get(key) !== held) return
    this.#held.delete(key)
    this.#connection.out?.text(OP.release, key)
  }
}
