import type { Clock } from '../../core/clock.ts'
import type { CloseEvent } from '../../stream/message-stream.ts'
import type { Ending } from './endings.ts'
import type { Session } from './session.ts'

/** A session, whatever its application keeps with it. */
export type AnySession = Session<unknown, unknown>

/** The bounds of a session; times in milliseconds, sizes in bytes. */
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
  /** Whether raw WebSockets carry bytes. */
  readonly binary: boolean
}

/** The parts of its endpoint that a session needs. */
export interface SessionHost {
  readonly clock: Clock
  readonly limits: SessionLimits
  /** Calls `session.output.flush()` once at the end of this turn of the event loop. */
  schedule (session: AnySession): void
  /** The bytes that wait in this process have changed by `delta`. */
  account (delta: number): void
  /** The application's code threw: `during` says where. */
  failed (session: AnySession, error: unknown, during: string): void
  /** The session has ended; it may still be asked for its close frame. `log` is the kind of refusal that the log tells, if any. */
  ended (session: AnySession, event: CloseEvent, log: Ending['log']): void
  /** No request can ask for the session any more. */
  forget (session: AnySession): void
  /** The session has gained or lost its receiver. */
  attached (session: AnySession, attached: boolean): void
}
