import type { Closing } from '../reconnecting.ts'
import type { SockJSEvent } from '../events.ts'
import type { StompClientError } from './errors.ts'
import type { Headers } from './frame.ts'

/** A connection is there. */
export interface ConnectedEvent extends SockJSEvent {
  /** The headers of CONNECTED. */
  readonly headers: Headers
}

/** A connection has ended. */
export interface InterruptedEvent extends SockJSEvent, Closing {
  /** The pause before the next attempt, in milliseconds. */
  readonly delay: number
  /** The attempts that failed in a row. */
  readonly failures: number
  /** The cause, if the server or the client told one: an ERROR, silence, or bytes that are not a frame. */
  readonly error: StompClientError | null
}

/** The names of a subscription. */
export interface SubscriptionName {
  /** The id of SUBSCRIBE. */
  readonly id: string
  /** The destination, with its parameters. */
  readonly destination: string
}

/** Messages are lost. */
export interface GapEvent extends SockJSEvent {
  /** The subscription. */
  readonly subscription: SubscriptionName
}

/** An error without a promise and without a loop. */
export interface ErrorEvent extends SockJSEvent {
  /** The error. */
  readonly error: StompClientError
}

/** The client has ended. */
export interface ClosedEvent extends SockJSEvent, Closing {
  /** The cause, `null` if the application closed the client. */
  readonly error: StompClientError | null
}

/** The events of a client, by name. */
export interface StompEventMap {
  /** A connection is there: the first, or another one. */
  connected: ConnectedEvent
  /** A connection has ended or could not be made, and another attempt follows. */
  interrupted: InterruptedEvent
  /** All subscriptions exist again after an interruption. */
  recovered: SockJSEvent
  /** Messages of a subscription are lost. */
  gap: GapEvent
  /** An error that no promise and no loop of the application gets. */
  error: ErrorEvent
  /** The client has ended. */
  closed: ClosedEvent
}
