import { Buffer } from 'node:buffer'
import type { NatsSubscription } from './connection.ts'

/**
 * The states of a key that this node has.
 *
 * - `settled`: the node owns the key;
 * - `again`: the node owned the key before the connection was lost, and claims it again.
 */
export type HeldState = 'settled' | 'again'

/** The claims of a node, of which one may be given back. */
interface Keeper {
  free (held: Held): void
}

/** A key that this node has. There is one for each session over HTTP, so that it is small. */
export class Held {
  readonly owner = null
  readonly key: string
  /** Tells the session that another node has the key. */
  readonly lost: () => void
  state: HeldState = 'settled'
  subscription: NatsSubscription
  readonly #keeper: Keeper

  constructor (keeper: Keeper, key: string, lost: () => void, subscription: NatsSubscription) {
    this.#keeper = keeper
    this.key = key
    this.lost = lost
    this.subscription = subscription
  }

  release (): void { this.#keeper.free(this) }
}

/** A message of a node that has a key, to the others that may have it too. */
export interface Word {
  readonly state: HeldState
  readonly node: string
}

const LETTERS: Readonly<Record<HeldState, string>> = { settled: 's', again: 'a' }

export function encodeWord ({ state, node }: Word): Uint8Array { return Buffer.from(LETTERS[state] + node, 'latin1') }

/** Reads a word. Returns `null` for other bytes. */
export function decodeWord (data: Uint8Array): Word | null {
  const letter = String.fromCharCode(data[0] ?? 0)
  const state = letter === LETTERS.settled ? 'settled' : letter === LETTERS.again ? 'again' : null
  return state === null ? null : { state, node: String.fromCharCode(...data.subarray(1)) }
}

/** Tells whether the first of two nodes keeps a key: a settled claim is stronger, and among equal ones the lower id. */
export function keeps (own: Word, other: Word): boolean {
  return own.state === other.state ? own.node < other.node : own.state === 'settled'
}
