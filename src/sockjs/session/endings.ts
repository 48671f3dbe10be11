import { CLOSE, type CloseReason } from '../protocol/index.ts'

/** The rules for one cause of a session's end. */
export interface Ending {
  /** The code and the reason. `null`: the caller that ends the session gives them. */
  readonly close: CloseReason | null
  /**
   * The moment of the close frame.
   *
   * `after messages`: behind all messages that wait; `at once`: without them; `none`: never, because the receiver has ended or cannot write.
   */
  readonly closeFrame: 'after messages' | 'at once' | 'none'
  /** Drops the connection, with or without a close frame. */
  readonly drop?: true
  /** The earlier reasons, of a session that is closing already, that this end replaces. By default it replaces none. */
  readonly replaces?: 'any' | 'normal'
  /** The moment at which the application gets `close`. `later`: in this turn of the event loop, but not inside the call that ended the session. */
  readonly tell?: 'later'
  /** The kind of refusal in the log. Its line names the first step against it. */
  readonly log?: 'slow' | 'flood' | 'message' | 'unanswered'
  /** The word for the cause in the metrics. */
  readonly status: SessionStatus
  /** True if a suspended session ends at once, and does not wait for its client. */
  readonly impatient?: true
  /** True if the client chooses the code, so that metrics must not show every one. */
  readonly foreignCode?: true
}

/**
 * The cause of a session's end, as the metrics have it.
 *
 * `interrupted`: the connection was cut. `terminated`: the application called `terminate()`. `timeout`: no request came in time, or no answer to a ping.
 */
export type SessionStatus = 'normal_closure' | 'timeout' | 'app_shutdown' | 'slow_consumer' | 'handler_error' | 'interrupted' | 'terminated' | 'flood' |
  'protocol_error' | 'conflict'

/** All causes, by these words. */
export const SESSION_STATUSES: readonly SessionStatus[] = ['normal_closure', 'timeout', 'app_shutdown', 'slow_consumer', 'handler_error', 'interrupted', 'terminated',
  'flood', 'protocol_error', 'conflict']

/**
 * The causes for which a session ends. Only `Session.end` reads them.
 *
 * Every end emits `close`. It is clean if the close frame went out behind all messages, or if the client closed and no message waited.
 */
export const ENDINGS = {
  /** The application calls `close()`: 1000 by default (SESSION-11). */
  application: { close: null, closeFrame: 'after messages', status: 'normal_closure' },
  /** The handler or a listener for messages has thrown (SESSION-22). */
  failure: { close: CLOSE.failure, closeFrame: 'after messages', status: 'handler_error' },
  /** `app.close()` (SESSION-23). */
  shutdown: { close: CLOSE.shutdown, closeFrame: 'after messages', impatient: true, status: 'app_shutdown' },
  /** A staged drain before a restart. */
  restart: { close: CLOSE.restart, closeFrame: 'after messages', impatient: true, status: 'app_shutdown' },

  /** The client or its connection has closed with a code. */
  client: { close: null, closeFrame: 'none', status: 'normal_closure', foreignCode: true },
  /** The client has broken a rule of its connection. The receiver itself closes, and gives the code. */
  broken: { close: null, closeFrame: 'none', status: 'protocol_error' },
  /** The connection of the client was cut (SESSION-6, SESSION-8). */
  interrupted: { close: CLOSE.interrupted, closeFrame: 'none', status: 'interrupted' },
  /** No receiver came back within the disconnect delay (SESSION-9). */
  timeout: { close: CLOSE.timeout, closeFrame: 'none', status: 'timeout' },
  /** The application calls `terminate()`. */
  terminated: { close: CLOSE.interrupted, closeFrame: 'none', drop: true, status: 'terminated' },

  /** The client sends bytes to a session that takes only text (WS-10, RAW-4). The receiver itself closes. */
  binary: { close: CLOSE.binary, closeFrame: 'none', status: 'protocol_error' },
  /** The client sends frames that are not SockJS (WS-7). The receiver itself closes. */
  framing: { close: CLOSE.framing, closeFrame: 'none', status: 'protocol_error' },
  /** A message is larger than `maxMessageSize` (WS-23). The receiver itself closes. */
  tooBig: { close: CLOSE.tooBig, closeFrame: 'none', log: 'message', status: 'protocol_error' },

  /** More messages or requests wait for the application than the limits allow (K4). */
  flood: { close: CLOSE.flood, closeFrame: 'at once', replaces: 'any', log: 'flood', status: 'flood' },
  /** More than `queue.limit` waits for the client (HTTP-7). */
  slow: { close: CLOSE.slow, closeFrame: 'at once', replaces: 'any', log: 'slow', status: 'slow_consumer' },
  /** Another node has opened a session with the same id at the same moment, and keeps it (SESSION-3). */
  claimed: { close: CLOSE.conflict, closeFrame: 'at once', replaces: 'any', status: 'conflict' },
  /** The process has no room for the messages that wait (SEC-S13). Another session may be sending, and its call must not run these listeners. */
  budget: { close: CLOSE.slow, closeFrame: 'at once', replaces: 'any', tell: 'later', log: 'slow', status: 'slow_consumer' },
  /** The client has read nothing for `sendTimeout` (SEC-S16). If a normal closure did not arrive, its code is not reported (SPRING-D26). */
  stalled: { close: CLOSE.slow, closeFrame: 'at once', drop: true, replaces: 'normal', log: 'slow', status: 'slow_consumer' },
  /** The client has not answered a ping within `pongTimeout` (WS-22). */
  unanswered: { close: CLOSE.unanswered, closeFrame: 'at once', drop: true, replaces: 'normal', log: 'unanswered', status: 'timeout' }
} as const satisfies Record<string, Ending>

/** The cause of a session's end. */
export type EndCause = keyof typeof ENDINGS

/** The causes whose code and reason are given with them. */
export type OpenCause = { [Cause in EndCause]: (typeof ENDINGS)[Cause]['close'] extends null ? Cause : never }[EndCause]
/** The causes that always have the same code and reason. */
export type FixedCause = Exclude<EndCause, OpenCause>
/** The causes for which a session loses its connection, and is suspended if it can be resumed. */
export type LossCause = 'interrupted' | 'timeout' | 'stalled' | 'unanswered'
/** The faults in a client's message for which its connection closes. */
export type MessageFault = 'binary' | 'framing' | 'tooBig'
