import type { Clock } from '../../core/clock.ts'
import type { CloseEvent } from '../../stream/message-stream.ts'
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

/** What a session needs of the endpoint it lives in. */
export interface SessionHost {
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
