import { refusal } from '../../../refusals.ts'
import { REPLY_PREFIX, type ReplyAddresses } from './addresses.ts'
import type { BrokerDialect } from '../dialects/dialect.ts'
import type { RelaySettings } from '../options.ts'

/** Temporary queues of others, in the words of several brokers. */
const FOREIGN = /^\/(reply-queue|remote-temp-queue|temp-queue)\//

/**
 * `reply-to` in the broker's form. A service answers wherever it says, with rights of its own: only what this client could
 * name itself may stand there (SEC-S67). Its own temporary queues are the caller's business.
 */
export function toReplyTo (replyTo: string | undefined, { dialect, destinations }: RelaySettings, addresses: ReplyAddresses | null): string | undefined {
  if (replyTo === undefined) return undefined
  const known = replyTo.startsWith(REPLY_PREFIX) ? addresses?.reveal(replyTo) : undefined
  if (known !== undefined) return known
  if (destinations.prefixes.some(([prefix]) => replyTo.startsWith(prefix + '/'))) return dialect.toBroker(replyTo, 'send')
  // The user destinations and routes of this application mean nothing to the broker; they reach whoever knows them as they are.
  if (!replyTo.startsWith('/') || /^\/(user|app)\//.test(replyTo)) return replyTo
  throw refusal('STOMP_INVALID_HEADER', 'reply-to names what nobody serves')
}

/** What a client may answer to: a destination as it knows them, or an address that only it was given (SEC-S66); with `null` none can be given. */
export function fromReplyTo (replyTo: string | undefined, dialect: BrokerDialect, addresses: ReplyAddresses | null): string | undefined {
  if (replyTo === undefined) return undefined
  const destination = dialect.unwrapReplyTo?.(replyTo) ?? replyTo
  if (FOREIGN.test(destination)) return addresses?.hide(destination)
  return destination.startsWith('/') ? dialect.fromBroker(destination) ?? undefined : destination
}
