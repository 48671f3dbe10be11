import type { Clock } from '../../../core/clock.ts'
import { type Frame, FrameHeaders, type ServerCommand } from '../../codec/index.ts'
import { checkPattern, hasWildcard, parseDestination } from '../../destinations.ts'
import { refusal } from '../../refusals.ts'
import type { BrokerLog, OutgoingMessage } from '../broker.ts'
import { Publication } from '../publication.ts'
import type { Serial } from '../serial.ts'
import type { BrokerLink } from './link/broker-link.ts'
import type { ClientConnection } from './client/client-connection.ts'
import type { ClientFailures } from './client/client-failures.ts'
import type { Connector } from './link/connector.ts'
import { publisherHeaders, sendHeaders } from './messages/headers.ts'
import type { Names } from './messages/names.ts'
import type { RelaySettings } from './options.ts'
import type { LinkContext } from './link/reconnecting-link.ts'
import type { SharedConnection } from './shared/shared-connection.ts'

/** Whatever a running relay's parts have in common. */
export interface RelayCore {
  readonly settings: RelaySettings
  readonly connector: Connector
  readonly clock: Clock
  readonly log: BrokerLog
  readonly serial: Serial
  readonly names: Names
  readonly clientFailures: ClientFailures
  /** Told of links whose broker takes nothing, or takes again. */
  stalled (who: object, yes: boolean): void
  /** Told when one of the application's own connections has reached the broker. */
  reached (): void
  /** Told of the end of each client's connection. */
  closed (connection: ClientConnection | SharedConnection): void
}

/** What the application's own connections need: they have its login. */
export function linkContext ({ settings: { system, reconnect }, connector, clock, log }: RelayCore): LinkContext {
  return { connector, backoff: reconnect, clock, log, credentials: () => system }
}

/** The broker's form of what a client subscribes to. Bounds are ours: a broker's are far wider (RELAY-22). */
export function subscribedDestination ({ settings: { destinations, dialect }, names }: RelayCore, name: string): string {
  const { kind, segments } = parseDestination(name, destinations)
  if (hasWildcard(segments)) {
    if (kind !== 'topic' || !dialect.capabilities.wildcards) throw refusal('STOMP_INVALID_DESTINATION', 'there are no wildcards here')
    checkPattern(segments, destinations)
  }
  return names.toBroker(name, 'subscribe')
}

/** The broker's form of where a SEND goes. */
export function sentDestination ({ settings: { destinations }, names }: RelayCore, name: string): string {
  parseDestination(name, destinations)
  return names.toBroker(name, 'send')
}

/** The headers of a client's SEND; both in the broker's form. */
export function clientHeaders ({ settings: { dialect, privileged }, clock }: RelayCore, message: OutgoingMessage, destination: string, replyTo: string | undefined): FrameHeaders {
  return sendHeaders(message, { dialect, destination, replyTo, privileged, now: clock.date() })
}

/** A MESSAGE on its way to clients; `null` for one that none may see. `replyTo` is what a client can answer to. */
export function publicationOf (core: RelayCore, { headers, body }: Frame<ServerCommand>, destination: string | null, replyTo: string | undefined): Publication | null {
  const name = destination ?? core.settings.dialect.fromBroker(headers.get('destination') ?? '')
  if (name === null) return null
  const kept = publisherHeaders(headers)
  if (replyTo !== undefined) kept.set('reply-to', replyTo)
  return new Publication(name, core.serial.next(), kept, body)
}

/** SUBSCRIBE for `destination`, in the broker's form. */
export function subscribeFrame (link: BrokerLink, id: string, destination: string, ack: string): FrameHeaders {
  // 1.0 has but one word for acknowledgements.
  const mode = ack === 'auto' ? 'auto' : link.version === '1.0' ? 'client' : 'client-individual'
  return FrameHeaders.from({ id, destination, ack: mode })
}
