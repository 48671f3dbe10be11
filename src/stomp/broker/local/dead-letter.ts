import { FrameHeaders } from '../../codec/index.ts'
import type { Publication } from '../publication.ts'

/** The reason for which a message was given up. */
export type DeathReason = 'delivery-limit' | 'expired'

/** The number of messages that were given up, by reason, at the start. */
export const NO_DEATHS: Readonly<Record<DeathReason, number>> = { 'delivery-limit': 0, expired: 0 }

/** Makes the headers of the letter for a message that a queue has given up. */
export function letterHeaders (message: Pick<Publication, 'headers'>, queue: string, reason: DeathReason): FrameHeaders {
  const headers = new FrameHeaders(message.headers)
  headers.delete('destination')
  headers.delete('message-id')
  return headers.set('original-destination', queue).set('x-death-reason', reason)
}
