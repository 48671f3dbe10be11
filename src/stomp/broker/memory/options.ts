import { boolean, count } from '../../../core/check.ts'
import type { EmbeddedBrokerOptions } from '../local/options.ts'

/** The options of the broker that keeps everything in the memory of this process. */
export interface MemoryBrokerOptions extends EmbeddedBrokerOptions {
  /** Lets a client subscribe to several queues by a pattern. False by default. */
  readonly queueWildcards?: boolean
  /** Topics with a history at a time. The one used least recently is forgotten first. 1,000 by default. */
  readonly maxHistories?: number
  /** Octets of all histories together. 64 MiB by default. */
  readonly maxHistoryBytes?: number
}

/** The checks of the options that no other broker has. */
export const MEMORY_CHECKS = { queueWildcards: boolean, maxHistories: count, maxHistoryBytes: count }
