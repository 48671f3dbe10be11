import type { ClientCommand, Frame } from '../codec/index.ts'
import { type ClientErrorCode, StompError } from '../errors.ts'
import { BrokerError, type RefusalCode } from '../refusals.ts'
import { readThrown, type Thrown } from './thrown.ts'

/** An ERROR frame. It describes the failure in words for the client, and shows no internals (STOMP-X1, STOMP-X2, SEC-S63). */
export interface ErrorFrame {
  readonly message: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
  readonly code: string
  /** The status of HTTP, where a hook has refused with one. */
  readonly statusCode: number | undefined
  /** True for a failure of the server. */
  readonly unexpected: boolean
}

/** The subject of an ERROR, as the client wrote it in the frame that failed. */
export interface About {
  readonly receipt?: string | undefined
  readonly destination?: string | undefined
}

/** Reads the subject of a frame. A receipt of CONNECT does not count (STOMP-C10), and a destination above the limit is not repeated. */
export function aboutFrame ({ command, headers }: Frame<ClientCommand>, limits: { readonly destination: number }): About {
  if (command === 'CONNECT' || command === 'STOMP') return {}
  const destination = headers.get('destination')
  return { receipt: headers.get('receipt'), destination: destination !== undefined && destination.length > limits.destination ? undefined : destination }
}

/** The codes whose text names the destination. The client may have sent several frames, and its log shows the text alone (U18). */
const NAMING: ReadonlySet<string> = new Set<ClientErrorCode | RefusalCode>(['STOMP_ACCESS_REFUSED', 'STOMP_UNKNOWN_DESTINATION', 'STOMP_INVALID_DESTINATION', 'STOMP_QUEUE_FULL',
  'STOMP_TOO_MANY_QUEUES', 'STOMP_BROKER_REFUSED', 'STOMP_SUBSCRIPTION_ENDED', 'STOMP_FELL_BEHIND'])

/** Makes the ERROR for a thrown value. `receipt` is that of the frame that failed (STOMP-R3). */
export function errorFrame (thrown: unknown, { receipt, destination }: About): ErrorFrame {
  const known = readThrown(thrown)
  const { error } = known
  const { code, text, headers = {}, statusCode, unexpected = false } = describe(known)
  const message = destination !== undefined && NAMING.has(code) && statusCode === undefined ? `${text} (${harmless(destination)})` : text
  const receiptId = receipt ?? (error instanceof StompError ? error.receipt : undefined)
  const lines: (readonly [string, string])[] = [['message', message], ['code', code]]
  if (receiptId !== undefined) lines.push(['receipt-id', receiptId])
  if (destination !== undefined) lines.push(['destination', destination])
  lines.push(...Object.entries(headers), ['content-type', 'text/plain'])
  return { message, headers: lines, body: message + '.\n', code, statusCode, unexpected }
}

interface Description {
  readonly code: string
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
  readonly statusCode?: number
  readonly unexpected?: true
}

/** Describes a thrown value. Hooks refuse with the errors of HTTP, of which the client gets those below 500. */
function describe ({ error, code = 'STOMP_ACCESS_REFUSED', statusCode = 500, message }: Thrown): Description {
  if (error instanceof StompError) return { code, text: message, headers: error.headers }
  if (error instanceof BrokerError) return { code, text: message }
  if (statusCode >= 400 && statusCode < 500) return { code: oneLine(code), text: oneLine(message), statusCode }
  const internal = new StompError('STOMP_INTERNAL')
  return { code: internal.code, text: internal.message, unexpected: true }
}

/** Replaces the characters that mean something in HTML, because a page may show the text (SEC-S63). The header has the destination as it was. */
function harmless (destination: string): string {
  return oneLine(destination).replace(/[<>&"'`]/g, '?')
}

/** Makes a text that needs no escaping as a header, because an ERROR before negotiation cannot escape (STOMP-E4). */
export function oneLine (text: string): string {
  return text.replace(/[\r\n\\:]+ */g, ' ').slice(0, 200)
}
