import { Buffer } from 'node:buffer'
import type { NatsSubscription } from './connection.ts'

/**
 * The states of a key that this node has.
 *
 * - `settled`: the node owns the key;
 * - `again`: the node owned the key before the connection was lost, and claims it again.
 */
export type HeldState = 'settled' | 'again'

/** A key that this node has. There is one for each session over HTTP, so that it is small. */
export interface Held {
  readonly key: string
  /** Tells the session that another node has the key. */
  readonly lost: () => void
  state: HeldState
  subscription: NatsSubscription
}

/**
 * A message of a node that has a key, to the others that may have it too.
 *
 * A node announces its state. Another one that has the key judges: it gives the key up, or answers `kept`, and then the first one gives it up.
 */
export interface Word {
  readonly says: HeldState | 'kept'
  readonly node: string
}

const LETTERS: Readonly<Record<Word['says'], string>> = { settled: 's', again: 'a', kept: 'k' }

export function encodeWord ({ says, node }: Word): Uint8Array { return Buffer.from(LETTERS[says] + node, 'latin1') }

/** Reads a word. Returns `null` for other bytes. */
export function decodeWord (data: Uint8Array): Word | null {
  const letter = String.fromCharCode(data[0] ?? 0)
  const says = (Object.keys(LETTERS) as Word['says'][]).find((each) => LETTERS[each] === letter)
  return says === undefined ? null : { says, node: String.fromCharCode(...data.subarray(1)) }
}

/** Tells whether a node keeps a key that another one announces. A settled claim wins, and among equal ones the lower id. */
export function keeps (state: HeldState, node: string, { says, node: other }: Word): boolean {
  if (says === 'kept') return false
  return state === says ? node < other : state === 'settled'
}
