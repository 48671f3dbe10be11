import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Test } from 'tap'

// await keepsNothing(t, 'values of a stream', { times: 100_000, once: (i) => stream.push(i) })
// `once` runs `times` times on one session that goes on; the heap must be within 2 MB of its start afterwards.

const MIB = 1024 * 1024

/** K1: what the heap may have grown by after 100,000 of anything on one session. */
export const HEAP_MARGIN = 2 * MIB

export interface Repeated {
  /** How often `once` runs between the two measurements. Default 100,000. */
  readonly times?: number
  /** How often it runs before the first: compiled code and lists that grow to their size once do not count. Default 2,000. */
  readonly before?: number
  /** The operation; a promise is awaited before the next. */
  readonly once: (i: number) => unknown
  /** Runs before each measurement: waits until the server has seen everything. */
  readonly settle?: () => unknown
  /** Bytes that the heap may have grown by. Default 2 MiB. */
  readonly margin?: number
}

// Works in every process, whatever flags it was started with.
setFlagsFromString('--expose-gc')

/** Collects garbage at once. */
export const collectGarbage = runInNewContext('gc') as () => void

/** Bytes in use, on the heap and in buffers, after everything that can go has gone. */
export async function memoryInUse (): Promise<number> {
  let least = Infinity
  // A collection ends with callbacks of its own, and what they let go is found by the next.
  for (let round = 0; round < 4; round++) {
    await turn()
    collectGarbage()
    const { heapUsed, external } = process.memoryUsage()
    least = Math.min(least, heapUsed + external)
  }
  return least
}

/** Asserts that an operation leaves nothing behind, however often it runs. Returns the bytes that the heap has grown by. */
export async function keepsNothing (t: Test, name: string, { times = 100_000, before = 2_000, once, settle, margin = HEAP_MARGIN }: Repeated): Promise<number> {
  const measure = async (count: number, from: number): Promise<number> => {
    for (let i = from; i < from + count; i++) {
      const result = once(i)
      if (result !== undefined) await result
    }
    await settle?.()
    return memoryInUse()
  }
  const start = await measure(before, 0)
  const grown = await measure(times, before) - start
  t.ok(grown < margin, `${name}: ${times} of it leave ${(grown / MIB).toFixed(2)} MiB, at most ${(margin / MIB).toFixed(2)} may stay`)
  return grown
}
