import type { CloseReason, Outgoing, SockjsFrame, TransportName } from '../protocol/index.ts'

/** The output to which the responses of one session report. At an edge, the leg takes the place of the session's own output. */
export interface ResponseOutput {
  /** The response has reached its limit. The client comes back with the next one. */
  done (receiver: Receiver): void
  /** Bytes of the response have left the process, or all of it has. */
  flushed (receiver: Receiver): void
  /** The connection of the response is gone before its end. */
  interrupted (receiver: Receiver): void
}

/**
 * The connection that carries the frames of a session to its client.
 *
 * It is a WebSocket for the whole life of the session, or one HTTP response after the other. A receiver knows the bytes; the session knows
 * the order.
 *
 * It reports two ends that must never be confused: `output.done(receiver)` when the response has reached its limit and the client will come
 * back, and `output.interrupted(receiver)` when the client is gone.
 */
export interface Receiver {
  readonly transport: TransportName
  /** Bytes that were written and have not left the process. */
  readonly buffered: number
  /** Bytes that have left the process. The number grows while the client reads. */
  readonly progress: number
  /** True while the written bytes wait behind another response on the connection, so that the client cannot read them yet. */
  readonly queued: boolean
  /** False while a ping waits for an answer, or for other bytes of the client. */
  readonly answered: boolean
  /** True if `next` writes to the same connection, which keeps the order of both. */
  sharesConnection (next: Receiver): boolean
  /** Delays system writes until `uncork`. */
  cork (): void
  uncork (): void
  /** Writes a frame without messages: `o`, or `r` of a session that can be resumed. */
  control (frame: SockjsFrame): void
  /** Writes messages that are encoded for the transport. `bytes` is the sum of their lengths. */
  messages (messages: readonly Outgoing[], bytes: number): void
  /** Shows the client that the server is alive. If `speak` is false, it sends only a ping. Returns true if an answer is due. */
  heartbeat (speak: boolean): boolean
  /** Writes the close frame behind the bytes that were written before, and ends. */
  close (reason: CloseReason): void
  /** Stops or resumes reading from the client, if there is a connection to stop. */
  pause (on: boolean): void
  /** Drops the connection at once. */
  destroy (): void
}
