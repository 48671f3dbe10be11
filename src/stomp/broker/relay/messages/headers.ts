import { FrameHeaders } from '../../../codec/index.ts'
import { refusal } from '../../../refusals.ts'
import type { OutgoingMessage } from '../../broker.ts'
import type { BrokerDialect } from '../dialects/dialect.ts'

/** What a broker's own MESSAGE carries beside the publisher's headers, and what other publishers may have left in it (RELAY-5, FACT-7). */
const OF_THE_BROKER: ReadonlySet<string> = new Set(['destination', 'message-id', 'subscription', 'ack', 'redelivered', 'receipt', 'transaction', 'id',
  'content-length', 'login', 'passcode', 'user-name', 'reply-to', 'original-destination', 'expires', 'x-epoch', 'x-offset', 'x-recovered', 'x-position'])

/** Brokers want numbers there, and some end the connection over anything else. */
const NUMBERS: readonly string[] = ['expiration', 'priority', 'ttl']

/** How a SEND is written for the broker. */
export interface SendForm {
  readonly dialect: BrokerDialect
  /** In the broker's form. */
  readonly destination: string
  /** In the broker's form. */
  readonly replyTo: string | undefined
  /** Headers that this sender must not set. */
  readonly privileged: ReadonlySet<string>
  /** Milliseconds since 1970. */
  readonly now: number
}

/** The headers of a SEND to the broker. */
export function sendHeaders ({ headers }: OutgoingMessage, { dialect, destination, replyTo, privileged, now }: SendForm): FrameHeaders {
  const form = new FrameHeaders()
  form.set('destination', destination)
  for (const [name, value] of headers) {
    if (name === 'reply-to' || name === 'id' || privileged.has(name)) continue
    if (NUMBERS.includes(name) && !/^\d{1,15}$/.test(value)) throw refusal('STOMP_INVALID_HEADER', `${name} must be a number`)
    form.add(name, value)
  }
  if (replyTo !== undefined) form.set('reply-to', replyTo)
  dialect.prepare?.(form, now)
  return form
}

/** The publisher's headers of a MESSAGE. */
export function publisherHeaders (headers: FrameHeaders): FrameHeaders {
  const kept = new FrameHeaders()
  for (const [name, value] of headers) if (!OF_THE_BROKER.has(name)) kept.set(name, value)
  return kept
}
