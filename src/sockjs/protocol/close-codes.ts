/** A close code with the reason that goes with it. */
export interface CloseReason {
  readonly code: number
  readonly reason: string
}

/** The closes that the server itself decides, each with the row that demands it. */
export const CLOSE = {
  /** The application closes without a code of its own (SESSION-11). */
  normal: { code: 1000, reason: 'Normal closure' },
  /** The server shuts down (SESSION-23). */
  shutdown: { code: 1001, reason: 'Server shutting down' },
  /** A staged drain before a restart. */
  restart: { code: 1012, reason: 'Server restarting' },
  /** SESSION-7: the receiver of the client was cut, and the frames on it are lost. */
  interrupted: { code: 1002, reason: 'Connection interrupted' },
  /** No receiver came back within the disconnect delay (SESSION-9). */
  timeout: { code: 1002, reason: 'Connection timed out' },
  /** The client sends bytes where there is only text (WS-10, RAW-4). */
  binary: { code: 1003, reason: 'Binary messages not accepted' },
  /** More messages or requests wait for the application than the limits allow. */
  flood: { code: 1008, reason: 'Too many messages' },
  /** A message is larger than `maxMessageSize` (WS-23). */
  tooBig: { code: 1009, reason: 'Message too big' },
  /** The application's code has thrown (SESSION-22). */
  failure: { code: 1011, reason: 'Internal server error' },
  /** The client reads slower than the application sends (HTTP-7). */
  slow: { code: 1013, reason: 'slow consumer' },
  /** The session has another receiver already (SESSION-3). */
  conflict: { code: 2010, reason: 'Another connection still open' },
  /** The client sends frames that are not SockJS (WS-7). */
  framing: { code: 3000, reason: 'Broken framing.' },
  /** The session that a client asks to resume is not here, or belongs to another client. */
  notResumed: { code: 1002, reason: 'Session cannot be resumed' },
  /** The client has not answered a ping (WS-22). */
  unanswered: { code: 3000, reason: 'No response from heartbeat' }
} as const satisfies Record<string, CloseReason>

/** The bytes that a control frame of 125 bytes has behind the code (RFC 6455, section 5.5). */
const MAX_REASON_BYTES = 123

/** Tells whether an application may close with a code. A code below 1000 means nothing to any client. */
export function isCloseCode (code: unknown): code is number {
  return Number.isInteger(code) && (code as number) >= 1000 && (code as number) <= 4999
}

/** RFC 6455, section 7.4: the codes that may stand in a close frame (WS-5). */
export function isWireCode (code: number): boolean {
  return (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
    (code >= 3000 && code <= 4999)
}

/** Cuts a reason, between characters, to the length that a WebSocket close frame can carry (SEC-S63). */
export function fitReason (reason: string): string {
  if (Buffer.byteLength(reason) <= MAX_REASON_BYTES) return reason
  let bytes = 0
  let fitting = ''
  for (const character of reason) {
    bytes += Buffer.byteLength(character)
    if (bytes > MAX_REASON_BYTES) break
    fitting += character
  }
  return fitting
}
