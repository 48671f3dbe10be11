import type { CloseEvent } from '../../stream/message-stream.ts'

/**
 * The states of a session.
 *
 * - `opening`: its first request runs, and the application does not know it yet;
 * - `open`: messages flow, with or without a receiver;
 * - `closing`: the application has closed it, and the messages sent before are still being delivered;
 * - `closed`: it is over. HTTP sessions are remembered for the disconnect delay, to repeat the close frame.
 */
export type SessionState = 'opening' | 'open' | 'closing' | 'closed'

/** The events of a session, and the values that their listeners get. */
export interface SessionEvents {
  /**
   * A message from the client. A listener that throws closes the session with 1011. The type is `string`, because SockJS carries nothing
   * else. A raw WebSocket of an endpoint with `binary` also brings a `Uint8Array`.
   */
  message: string
  /** The end, exactly once, on every path. */
  close: CloseEvent
  /** The connection was cut, and the client may come back. Only sessions that can be resumed have it. */
  suspend: undefined
  /** The client of a suspended session has come back. */
  resume: undefined
}
