import type { Clock } from '../../../../core/clock.ts'
import type { Frame, ServerCommand } from '../../../codec/index.ts'
import type { BrokerError } from '../../../refusals.ts'
import type { BrokerLog } from '../../broker.ts'
import type { RelayState } from '../state.ts'

/** The settings of a broker link, in milliseconds and octets. */
export interface LinkSettings {
  readonly heartBeat: readonly [outgoing: number, incoming: number]
  /** The time from the first SYN to CONNECTED (RELAY-13). */
  readonly connectTimeout: number
  /** The time for a RECEIPT to come (RELAY-12). */
  readonly receiptTimeout: number
  /** The time after which a missing RECEIPT shows a broker that takes nothing (FACT-9). */
  readonly blockedAfter: number
  /** The time for the RECEIPT of DISCONNECT. */
  readonly closeTimeout: number
  readonly highWater: number
  readonly maxWaiting: number
  readonly maxMessage: number
}

/** The parts of the relay that a broker link uses. */
export interface LinkContext {
  readonly settings: LinkSettings
  readonly state: RelayState
  readonly clock: Clock
  readonly log: BrokerLog
}

/** The credentials of a CONNECT (RELAY-1). */
export interface Credentials {
  readonly login: string
  readonly passcode: string
  readonly host: string
}

/** The wait before the next attempt to connect, in milliseconds. It doubles each time, and differs between processes (RELAY-16). */
export interface Backoff {
  /** The first wait. */
  readonly min: number
  /** The longest wait. */
  readonly max: number
  /** The part of the wait that is left to chance, from 0 to 1. */
  readonly jitter: number
}

/** The connection that uses a broker link. */
export interface LinkOwner {
  /** Takes a MESSAGE. `subscription` is the id that the broker knows. */
  message (subscription: string, frame: Frame<ServerCommand>): void
  /** Tells that the broker has ended one subscription. */
  subscriptionEnded (subscription: string, error: BrokerError): void
  /** Tells of an ERROR that belongs to no frame of which the link knows that it waits. */
  refused (error: BrokerError): void
  /** Tells that the link has ended, other than by `close()`. It is called once. */
  lost (error: BrokerError): void
}
