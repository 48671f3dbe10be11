import { type Frame, FrameHeaders, type ServerCommand } from '../../../codec/index.ts'
import { checkPattern, hasWildcard, parseDestination } from '../../../destinations.ts'
import { refusal } from '../../../refusals.ts'
import type { OutgoingMessage } from '../../broker.ts'
import { Publication } from '../../publication.ts'
import type { RelayCore } from '../core.ts'
import type { BrokerLink } from '../link/broker-link.ts'

/** The headers of a MESSAGE that the broker adds, or that other publishers may have left in it (RELAY-5, FACT-7). */
const OF_THE_BROKER: ReadonlySet<string> = new Set(['destination', 'message-id', 'subscription', 'ack', 'redelivered', 'receipt', 'transaction', 'id',
  'content-length', 'login', 'passcode', 'user-name', 'reply-to', 'original-destination', 'expires', 'x-epoch', 'x-offset', 'x-recovered', 'x-position'])

/** The headers that must hold numbers. Some brokers end the connection over another value. */
const NUMBERS: readonly string[] = ['expiration', 'priority', 'ttl']

/** Writes the destination of a SUBSCRIBE in the broker's form. The limits of the relay count, because those of brokers are far wider (RELAY-22). */
export function subscribedDestination ({ settings: { destinations, dialect }, names }: RelayCore, name: string): string {
  const { kind, segments } = parseDestination(name, destinations)
  if (hasWildcard(segments)) {
    if (kind !== 'topic' || !dialect.capabilities.wildcards) throw refusal('STOMP_INVALID_DESTINATION', 'there are no wildcards here')
    checkPattern(segments, destinations)
  }
  return names.toBroker(name, 'subscribe')
}

/** Writes the destination of a SEND in the broker's form. */
export function sentDestination ({ settings: { destinations }, names }: RelayCore, name: string): string {
  parseDestination(name, destinations)
  return names.toBroker(name, 'send')
}

/**
 * Makes the headers of a SEND. `destination` and `replyTo` have the broker's form.
 *
 * `privileged` names the headers that the sender must not set, by default the headers that are closed to clients.
 */
export function sendHeaders (
  { settings, clock }: RelayCore, { headers }: OutgoingMessage, destination: string, replyTo: string | undefined, privileged = settings.privileged
): FrameHeaders {
  const form = new FrameHeaders()
  form.set('destination', destination)
  for (const [name, value] of headers) {
    if (name === 'reply-to' || name === 'id' || privileged.has(name)) continue
    if (NUMBERS.includes(name) && !/^\d{1,15}$/.test(value)) throw refusal('STOMP_INVALID_HEADER', `${name} must be a number`)
    form.add(name, value)
  }
  if (replyTo !== undefined) form.set('reply-to', replyTo)
  settings.dialect.prepare?.(form, clock.date())
  return form
}

/** Makes the headers of a SUBSCRIBE. `destination` has the broker's form. */
export function subscribeHeaders (link: BrokerLink, id: string, destination: string, ack: string): FrameHeaders {
  // STOMP 1.0 has only one mode of acknowledgements.
  const mode = ack === 'auto' ? 'auto' : link.version === '1.0' ? 'client' : 'client-individual'
  return FrameHeaders.from({ id, destination, ack: mode })
}

/** Keeps the headers of a MESSAGE that its publisher set. */
export function publisherHeaders (headers: FrameHeaders): FrameHeaders {
  const kept = new FrameHeaders()
  for (const [name, value] of headers) if (!OF_THE_BROKER.has(name)) kept.set(name, value)
  return kept
}

/**
 * Makes the publication of a MESSAGE. Returns `null` for a destination that no client may see.
 *
 * `own` is the name of the client's own temporary queue, `null` for other destinations. `replyTo` is a destination that the client can use.
 */
export function publicationOf (core: RelayCore, { headers, body }: Frame<ServerCommand>, own: string | null, replyTo: string | undefined): Publication | null {
  const name = own ?? core.settings.dialect.fromBroker(headers.get('destination') ?? '')
  if (name === null) return null
  const kept = publisherHeaders(headers)
  if (replyTo !== undefined) kept.set('reply-to', replyTo)
  return new Publication(name, core.serial.next(), kept, body)
}
