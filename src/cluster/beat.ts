import { NODE_ID } from './batch.ts'
import type { Names } from './names.ts'

/** All that a node says of itself, in a beat for all nodes or in a greeting for one. Every version of the wire has these values, and the same proof. */
export interface Beat {
  readonly wire: number
  readonly id: string
  readonly name: string
  /** The number of the beat, from 1. A beat that is late, repeated or recorded by a stranger proves nothing. */
  readonly count: number
  /** False until the start is complete. */
  readonly up: boolean
  /** True in the last beat. */
  readonly goodbye: boolean
  /** The node that is greeted; empty in a beat for all. */
  readonly to: string
  /** The number of the last beat of that node that has reached the sender. */
  readonly heard: number
  /** True if that node should answer with a greeting. */
  readonly asks: boolean
  /** Proves that the node has the secret. */
  readonly secret: string
}

/** The names that people may give a node. */
export const NODE_NAME = /^[A-Za-z0-9._-]{1,64}$/

/** The first byte of a beat. No batch begins with it. */
const BRACE = 0x7b

const LONGEST_BEAT = 1_024

/** Makes the proof of a beat. It covers the whole beat, so that a stranger cannot say goodbye for a node. */
export function proofOf ({ wire, id, name, count, up, goodbye, to, heard, asks }: Omit<Beat, 'secret'>, names: Names): string {
  return names.key('member', `${wire}`, id, name, `${count}`, `${up}`, `${goodbye}`, to, `${heard}`, `${asks}`)
}

export function writeBeat (said: Omit<Beat, 'secret'>, names: Names): Buffer {
  const beat: Beat = { ...said, secret: proofOf(said, names) }
  return Buffer.from(JSON.stringify(beat))
}

/** Tells whether a publication on the channel of a node is a greeting, and not a batch. */
export function isGreeting (data: Uint8Array): boolean { return data[0] === BRACE }

/** Reads a beat; `null` if it cannot be one. */
export function readBeat (data: Uint8Array): Beat | null {
  if (data.byteLength > LONGEST_BEAT) return null
  try {
    const beat = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString()) as Partial<Beat> | null
    const { wire, id, name, count, up, goodbye, to, heard, asks, secret } = beat ?? {}
    const fits = [wire, count, heard].every(Number.isSafeInteger) && [up, goodbye, asks].every((value) => typeof value === 'boolean') &&
      typeof id === 'string' && NODE_ID.test(id) && typeof name === 'string' && NODE_NAME.test(name) &&
      typeof to === 'string' && (to === '' || NODE_ID.test(to)) && typeof secret === 'string'
    return fits ? beat as Beat : null
  } catch {
    return null
  }
}
