import type { ReplyAddresses } from './addresses.ts'
import type { BrokerDialect } from './dialects/dialect.ts'

/** Temporary queues of others, in the words of several brokers. */
const FOREIGN = /^\/(reply-queue|remote-temp-queue|temp-queue)\//

/** What a client may answer to: a destination as it knows them, or an address that only it was given (SEC-S66). */
export function fromReplyTo (replyTo: string | undefined, dialect: BrokerDialect, addresses: ReplyAddresses): string | undefined {
  if (replyTo === undefined) return undefined
  // RabbitMQ puts its prefix before every `reply-to`, one that names a destination included.
  const wrapped = /^\/reply-queue\/((?:\/|%2F).+)$/i.exec(replyTo)?.[1]
  if (wrapped !== undefined) return dialect.fromBroker(decode(wrapped)) ?? undefined
  if (FOREIGN.test(replyTo)) return addresses.hide(replyTo)
  return replyTo.startsWith('/') ? dialect.fromBroker(replyTo) ?? undefined : replyTo
}

function decode (text: string): string {
  try {
    return text.startsWith('/') ? text : decodeURIComponent(text)
  } catch {
    return text
  }
}
