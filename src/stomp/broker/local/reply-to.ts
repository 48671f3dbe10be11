import { FrameHeaders } from '../../codec/index.ts'
import { type DestinationRules, parseDestination } from '../../destinations.ts'
import { refusal } from '../../refusals.ts'
import type { TemporaryQueues } from './temporary.ts'

/** Replaces a `reply-to` that names a temporary queue of the sender by an address that the receiver can use. */
export function addressed (headers: FrameHeaders, own: TemporaryQueues | null, rules: DestinationRules): FrameHeaders {
  const replyTo = headers.get('reply-to')
  if (replyTo === undefined || !rules.prefixes.some(([prefix, kind]) => kind === 'temporary' && replyTo.startsWith(prefix + '/'))) return headers
  const { address } = ownQueues(own).forReplies(parseDestination(replyTo, rules).name)
  return new FrameHeaders(headers).set('reply-to', address)
}

/** The temporary queues of the sender. The application has none. */
export function ownQueues (own: TemporaryQueues | null): TemporaryQueues {
  if (own === null) throw refusal('STOMP_INVALID_DESTINATION', 'only a connection has temporary queues')
  return own
}
