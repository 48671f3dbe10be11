import { SockjsFrame } from './frame.ts'

/** The claim of a client to its session: the token, and the number of messages that the client has got. */
export interface ResumeClaim {
  readonly token: string
  readonly count: number
}

/** The value of `resume` for a new session that may be resumed later. */
const NEW = '1'

/** A count as both sides write it: decimal, without a zero in front, below 2^48. */
const COUNT = /^(?:0|[1-9]\d{0,13})$/

/** A token: 128 bits in base64url. */
const TOKEN = /^[\w-]{22}$/

const CONFIRMATION = /^r(?:0|[1-9]\d{0,13})$/

/** A claim that no session answers to, because it cannot be read. Its token is empty. */
const UNREADABLE: ResumeClaim = { token: '', count: 0 }

/**
 * Reads the parameter `resume` of the request that opens a session.
 *
 * Returns `null` if the client does not ask, and `'new'` if it asks for a session that can be resumed.
 */
export function readResume (value: unknown): 'new' | ResumeClaim | null {
  if (typeof value !== 'string') return null
  if (value === NEW) return 'new'
  const [token = '', count = '', ...rest] = value.split('.')
  return TOKEN.test(token) && COUNT.test(count) && rest.length === 0 ? { token, count: Number(count) } : UNREADABLE
}

/** Reads the parameter `r`, by which a client over HTTP confirms messages. Returns `null` if there is none. */
export function readCount (value: unknown): number | null {
  return typeof value === 'string' && COUNT.test(value) ? Number(value) : null
}

/** Reads the text by which a client confirms messages over a WebSocket. Returns `null` for any other text. */
export function readConfirmation (text: string): number | null {
  return CONFIRMATION.test(text) ? Number(text.slice(1)) : null
}

/**
 * The codes of a WebSocket whose client comes back. A client sends the last one, because programs in browsers cannot send 1001. Browsers send
 * 1001 for a page that goes into their back/forward cache, and proxies for a connection that was silent for too long.
 */
const CUT_CODES: ReadonlySet<number> = new Set([1006, 1001, 4900])

/** Tells whether a WebSocket was cut, by the code with which it ended. */
export function isCut (code: number): boolean { return CUT_CODES.has(code) }

/** Makes the frame with the token of a session, and the number of messages that the server has. */
export function tokenFrame (token: string, count: number): SockjsFrame {
  return asciiFrame(`r["${token}",${count}]`)
}

/** Makes the frame that confirms messages of the client. */
export function confirmationFrame (count: number): SockjsFrame {
  return asciiFrame(`r[${count}]`)
}

/** The frame that tells a client that its session cannot be resumed. */
export const NOT_RESUMED = new SockjsFrame('r[]', 3, true)

function asciiFrame (text: string): SockjsFrame {
  return new SockjsFrame(text, text.length, false)
}
