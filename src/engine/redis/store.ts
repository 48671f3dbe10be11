import type { Clock } from '../../core/clock.ts'
import type { EngineLog } from '../engine.ts'
import { engineErrors } from '../errors.ts'
import { type Calls, isReply, unavailable, wordsOf } from './calls.ts'
import { MAX_PAYLOAD } from './channels.ts'
import type { Argument } from './client.ts'
import type { Lease } from './lease.ts'
import type { Names } from './names.ts'
import type { Subscriptions } from './subscriptions.ts'

/** The time for which the id of a message is kept, in milliseconds. */
export const ID_TIME = 120_000

/** The parts of the engine that a store needs. */
export interface StoreHost {
  /** The reason why the engine is not available, or `null`. */
  readonly away: string | null
  /** Takes note of an error that Redis has answered to a command. */
  refused (error: Error): void
}

/** The parts of a node that its logs and queues use. */
export interface StoreParts {
  readonly host: StoreHost
  readonly calls: Calls
  readonly names: Names
  readonly subscriptions: Subscriptions
  readonly lease: Lease
  readonly clock: Clock
  readonly log: EngineLog
  /** The id of the node. */
  readonly node: string
}

/** Returns a copy of a message, because the sender may use its buffer again, and the client may write later. @throws FST_SOCKJS_ENGINE_TOO_LARGE */
export function copyOf (data: Uint8Array): Buffer {
  if (data.byteLength > MAX_PAYLOAD) throw new engineErrors.TooLarge(data.byteLength, MAX_PAYLOAD)
  return Buffer.from(data)
}

/**
 * Runs a script, if the engine is available. Scripts run in the order of the calls.
 *
 * @throws FST_SOCKJS_ENGINE_UNAVAILABLE, FST_SOCKJS_ENGINE_FULL, FST_SOCKJS_ENGINE_REFUSED
 */
export async function runScript ({ host, calls }: StoreParts, script: string, keys: readonly string[], ...args: readonly Argument[]): Promise<unknown> {
  if (host.away !== null) throw unavailable(host.away)
  try {
    return await calls.askForBytes('eval', script, keys.length, ...keys, ...args)
  } catch (error) {
    if (!isReply(error)) throw error
    const words = wordsOf(error)
    if (words.startsWith('OOM')) throw new engineErrors.Full('redis', words)
    if (LACKS_RIGHT.test(words)) throw new engineErrors.Refused('redis', words)
    host.refused(error)
    throw unavailable(words)
  }
}

/** The answers of Redis 6 and 7 to a script that uses a command for which its user has no right. */
const LACKS_RIGHT = /^(?:NOPERM|ERR The user executing the script can't|ACL failure in script)/
