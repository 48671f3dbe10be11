import type { FrameHeaders } from '../codec/index.ts'
import { refusal } from '../refusals.ts'

/**
 * Reads the most unacknowledged messages that a SUBSCRIBE asks for (STOMP-A1). Returns `undefined` if it asks for no limit.
 *
 * 0 asks for no limit too, as with other brokers.
 */
export function askedPrefetch (headers: FrameHeaders): number | undefined {
  const asked = headers.get('prefetch-count')
  if (asked === undefined) return undefined
  if (!/^\d{1,9}$/.test(asked)) throw refusal('STOMP_INVALID_HEADER', 'prefetch-count must be a number of messages')
  const limit = Number(asked)
  return limit === 0 ? undefined : limit
}
