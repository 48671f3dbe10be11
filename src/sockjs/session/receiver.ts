import type { CloseReason, Outgoing, TransportName } from '../protocol/index.ts'

/**
 * What carries the frames of a session to its client: a WebSocket for the whole life of the session, or one
 * HTTP response after the other. A receiver knows the bytes; the session knows the order.
 *
 * It reports back through two endings that must never be confused: `session.done(receiver)` when the response
 * has reached its limit and the client will come back, `session.interrupted(receiver)` when the client is gone.
 */
export interface Receiver {
  readonly transport: TransportName
  /** Bytes that were written and have not left the process. */
  readonly buffered: number
  /** Bytes that have left the process: grows while the client reads. */
  readonly progress: number
  /** True while what was written waits behind another response on the connection: the client cannot read it yet. */
  readonly queued: boolean
  /** False while a ping waits for any sign of life. */
  readonly answered: boolean
  /** True when `next` writes to the same connection, which keeps the order by itself. */
  sharesConnection (next: Receiver): boolean
  /** Holds back system writes until `uncork`. */
  cork (): void
  uncork (): void
  /** Writes the frame `o`. */
  open (): void
  /** Writes messages, already encoded for the transport; `bytes` is the sum of their lengths. */
  messages (messages: readonly Outgoing[], bytes: number): void
  /** Shows the client that the server lives; `speak` is false where only a ping is wanted. Returns whether an answer is due. */
  heartbeat (speak: boolean): boolean
  /** Writes the close frame and ends, flushing what was written before. */
  close (reason: CloseReason): void
  /** Stops or resumes reading from the client, where there is a connection to stop. */
  pause (on: boolean): void
  /** Drops the connection at once. */
  destroy (): void
}
