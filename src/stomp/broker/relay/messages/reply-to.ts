import { refusal } from '../../../refusals.ts'
import type { RelayCore } from '../core.ts'
import type { BrokerDialect } from '../dialects/dialect.ts'
import { REPLY_PREFIX, type RelayReplyAddresses } from './addresses.ts'

/** The names of temporary queues of others, as several brokers write them. */
const FOREIGN = /^\/(reply-queue|remote-temp-queue|temp-queue)\//

/**
 * Writes a `reply-to` in the broker's form.
 *
 * A service answers to that destination with rights of its own. So only a destination that this client could name itself may stand
 * there (SEC-S67). The caller looks after the client's own temporary queues.
 */
export function toReplyTo (replyTo: string | undefined, { settings: { dialect, destinations }, parser }: RelayCore, addresses: RelayReplyAddresses | null): string | undefined {
  if (replyTo === undefined) return undefined
  const known = replyTo.startsWith(REPLY_PREFIX) ? addresses?.reveal(replyTo) : undefined
  if (known !== undefined) return known
  if (destinations.prefixes.some(([prefix]) => replyTo.startsWith(prefix + '/'))) return dialect.toBroker(replyTo, 'send')
  // The destinations of users and of the application mean nothing to the broker, so that they stay as they are.
  if (!replyTo.startsWith('/') || parser.parse(replyTo).owner !== 'broker') return replyTo
  throw refusal('STOMP_INVALID_HEADER', 'reply-to names a destination that is not served')
}

/**
 * Writes a `reply-to` as a client may use it: a destination, or an address that only this client was given (SEC-S66).
 *
 * Without `addresses` no client can be given one, and the header is left out.
 */
export function fromReplyTo (replyTo: string | undefined, dialect: BrokerDialect, addresses: RelayReplyAddresses | null): string | undefined {
  if (replyTo === undefined) return undefined
  const destination = dialect.unwrapReplyTo?.(replyTo) ?? replyTo
  if (FOREIGN.test(destination)) return addresses?.hide(destination)
  return destination.startsWith('/') ? dialect.fromBroker(destination) ?? undefined : destination
}
