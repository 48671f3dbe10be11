/**
 * The faults of a frame. Each has a stable code, the row of the checklist that asks for it, and the text for the peer.
 *
 * The texts never quote the input. They hold no colon and no backslash, because an ERROR that is sent before a version is
 * agreed cannot escape them (STOMP-E4, STOMP-X2).
 */
const ERRORS = {
  STOMP_NUL_IN_HEAD: ['STOMP-F1', 'The frame ended before the empty line that closes its head'],
  STOMP_STRAY_CARRIAGE_RETURN: ['STOMP-F3', 'A carriage return is not followed by a line feed'],
  STOMP_HEADER_WITHOUT_COLON: ['STOMP-F6', 'A header line has no colon'],
  STOMP_EMPTY_HEADER_NAME: ['STOMP-F6', 'A header has no name'],
  STOMP_INVALID_UTF8: ['STOMP-F11', 'The head of the frame is not valid UTF-8'],
  STOMP_UNDEFINED_ESCAPE: ['STOMP-E2', 'A header holds an undefined escape sequence'],
  STOMP_BODY_LENGTH_MISMATCH: ['STOMP-B1', 'The body does not end where content-length says'],
  STOMP_BAD_CONTENT_LENGTH: ['STOMP-B4', 'content-length is not a number of octets'],
  STOMP_CONFLICTING_CONTENT_LENGTH: ['STOMP-B4', 'content-length is repeated with another value'],
  STOMP_BODY_NOT_ALLOWED: ['STOMP-B5', 'This command cannot carry a body'],
  STOMP_NO_COMMON_VERSION: ['STOMP-C3', 'None of the protocol versions asked for is supported'],
  STOMP_BAD_HEART_BEAT: ['STOMP-H1', 'heart-beat is not a pair of non-negative integers'],
  STOMP_COMMAND_TOO_LONG: ['STOMP-L1', 'The command is longer than # octets'],
  STOMP_TOO_MANY_HEADERS: ['STOMP-L1', 'The frame has more than # headers'],
  STOMP_HEADER_LINE_TOO_LONG: ['STOMP-L1', 'A header line is longer than # octets'],
  STOMP_HEAD_TOO_LONG: ['STOMP-L1', 'The head of the frame is longer than # octets'],
  STOMP_BODY_TOO_LONG: ['STOMP-L1', 'The body is longer than # octets'],
  STOMP_CONNECT_FRAME_TOO_LONG: ['STOMP-L2', 'A frame before CONNECTED is longer than # octets'],
  STOMP_UNKNOWN_COMMAND: ['STOMP-U1', 'The command is unknown']
} as const satisfies Record<string, readonly [row: string, message: string]>

export type FrameErrorCode = keyof typeof ERRORS

/** An error as a value, because the codec throws nothing. */
export interface FrameError {
  readonly code: FrameErrorCode
  readonly row: string
  readonly message: string
  /** The limit that was broken, for the codes that end in `TOO_LONG` and `TOO_MANY_HEADERS`. */
  readonly limit: number | undefined
  /** The `receipt` header of the refused frame, where the parser could read it (STOMP-X1). */
  readonly receipt: string | undefined
}

export function frameError (code: FrameErrorCode, limit?: number, receipt?: string): FrameError {
  const [row, message] = ERRORS[code]
  return { code, row, message: message.replace('#', String(limit)), limit, receipt }
}

export function isFrameError (value: unknown): value is FrameError {
  return typeof value === 'object' && value !== null && 'code' in value && Object.hasOwn(ERRORS, String(value.code))
}
