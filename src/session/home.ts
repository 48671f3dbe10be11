import type { Clock } from '../clock/index.ts'
import type { Session } from './session.ts'

/** A session, whatever its application keeps with it. */
export type AnySession = Session<unknown, unknown>

/** What bounds a session; times in milliseconds, sizes in bytes. */
export interface SessionLimits {
  readonly heartbeat: number
  readonly disconnectDelay: number
  readonly pongTimeout: number
  readonly sendTimeout: number
  readonly highWater: number
  readonly queueLimit: number
  /** What may still come from a client that is held back. */
  readonly inboxLimit: number
  /** What happens to a message above `queueLimit`: the session closes, or the message is dropped. */
  readonly overflow: 'close' | 'drop'
}

/** How a session ended. */
export interface CloseEvent {
  /** The close code: the application's, the client's, or one of ours. */
  readonly code: number
  /** The reason that goes with the code; may be empty. */
  readonly reason: string
  /** True when everything sent before was handed to the connection and the end was orderly. */
  readonly clean: boolean
  /** Messages that were sent and never handed to a connection. */
  readonly undelivered: number
}

/** What a session needs of the endpoint it lives in. */
export interface SessionHome {
  readonly clock: Clock
  readonly limits: SessionLimits
  /** Whether raw WebSockets carry bytes. */
  readonly binary: boolean
  /** Calls `session.flush()` once at the end of this turn of the event loop. */
  schedule (session: AnySession): void
  /** The bytes that wait in this process have changed by `delta`. */
  account (delta: number): void
  /** The application's code threw: `during` says where. */
  failed (session: AnySession, error: unknown, during: string): void
  /** The session has ended; it may still be asked for its close frame. */
  ended (session: AnySession, event: CloseEvent): void
  /** Nobody will ask for the session any more. */
  forget (session: AnySession): void
  /** The session has gained or lost its receiver. */
  attached (session: AnySession, attached: boolean): void
}
