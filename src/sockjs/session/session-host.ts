import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../../core/clock.ts'
import type { CloseEvent } from '../../stream/message-stream.ts'
import type { TransportCounters } from '../../telemetry/transport-counters.ts'
import type { PlainTexts, TransportName } from '../protocol/index.ts'
import type { Ending } from './endings.ts'
import type { Session } from './session.ts'

/** A session, with any type of user and attributes. */
export type AnySession = Session<unknown, unknown>

/** The bounds of a session; times in milliseconds, sizes in bytes. */
export interface SessionLimits {
  readonly heartbeat: number
  readonly disconnectDelay: number
  readonly pongTimeout: number
  readonly sendTimeout: number
  readonly highWater: number
  readonly queueLimit: number
  /** The bytes that may still come from a client that is held back. */
  readonly inboxLimit: number
  /** The effect of a message above `queueLimit`: the session closes, or the message is dropped. */
  readonly overflow: 'close' | 'drop'
  /** True if raw WebSockets carry bytes. */
  readonly binary: boolean
}

/** The parts of its endpoint that a session needs. The declarations of the package leave them out, as they do in `Endpoint`. */
export interface SessionHost {
  /** @internal */
  readonly clock: Clock
  /** @internal */
  readonly limits: SessionLimits
  /** @internal The texts that need no escape, as far as they are known. */
  readonly plain: PlainTexts
  /** @internal Tells whether requests at other nodes reach their sessions here; `null` if there are no other nodes, or none within reach. */
  reachable (): Promise<boolean> | null
  /** @internal Calls `session.output.flush()` once at the end of this turn of the event loop. */
  schedule (session: AnySession): void
  /** @internal Adds `delta` to the bytes that wait in this process. */
  account (delta: number): void
  /** @internal Reports an error of the application's code. `during` says where. */
  failed (session: AnySession, error: unknown, during: string): void
  /** @internal The counters of all sessions of one transport. */
  counters (transport: TransportName): TransportCounters
  /** @internal Makes a logger. `request` is the id of the opening request or the empty string, and `session` an id that the server made. */
  log (transport: TransportName, request: string, session: string): FastifyBaseLogger
  /**
   * @internal Reports that the session has ended. Requests may still ask for its close frame.
   *
   * `ending` is the cause whose reason the client and the application got. `log` is the kind of refusal to log, if any.
   */
  ended (session: AnySession, event: CloseEvent, ending: Ending, log: Ending['log']): void
  /** @internal Reports that no request can ask for the session any more. */
  forget (session: AnySession): void
  /** @internal Tells whether the session may wait without a receiver for its client to resume it. */
  maySuspend (session: AnySession): boolean
  /** @internal Reports that the session has gained or lost its receiver. */
  attached (session: AnySession, attached: boolean): void
}
