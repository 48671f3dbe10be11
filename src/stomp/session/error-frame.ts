import type { ClientCommand, Frame } from '../codec/index.ts'
import { StompError } from '../errors.ts'
import { BrokerError } from '../refusals.ts'
import { readThrown, type Thrown } from './thrown.ts'

/** An ERROR frame: what failed in words for the client, and no internals (STOMP-X1, STOMP-X2, SEC-S63). */
export interface ErrorFrame {
  readonly message: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
  readonly code: string
  /** As HTTP would say it, where a hook has refused with that. */
  readonly statusCode: number | undefined
  /** A failure of the server. */
  readonly unexpected: boolean
}

/** What an ERROR is about: what the client itself wrote in the frame that failed. */
export interface About {
  readonly receipt?: string | undefined
  readonly destination?: string | undefined
}

/** What to say of a frame. CONNECT has no receipt, whatever it says (STOMP-C10); a destination above the limit is not repeated. */
export function aboutFrame ({ command, headers }: Frame<ClientCommand>, limits: { readonly destination: number }): About {
  if (command === 'CONNECT' || command === 'STOMP') return {}
  const destination = headers.get('destination')
  return { receipt: headers.get('receipt'), destination: destination !== undefined && destination.length > limits.destination ? undefined : destination }
}

/** The codes whose text names the destination: the client may have sent several frames, and the log of a page shows the text alone (U18). */
const NAMING: ReadonlySet<string> = new Set(['STOMP_ACCESS_REFUSED', 'STOMP_UNKNOWN_DESTINATION', 'STOMP_INVALID_DESTINATION', 'STOMP_QUEUE_FULL',
  'STOMP_TOO_MANY_QUEUES', 'STOMP_BROKER_REFUSED', 'STOMP_SUBSCRIPTION_ENDED', 'STOMP_FELL_BEHIND'])

/** `receipt` is what the failed frame asked for (STOMP-R3). */
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

/** Hooks refuse with the errors of HTTP: those below 500 are meant for the client. */
function describe ({ error, code = 'STOMP_ACCESS_REFUSED', statusCode = 500, message }: Thrown): Description {
  if (error instanceof StompError) return { code, text: message, headers: error.headers }
  if (error instanceof BrokerError) return { code, text: message }
  if (statusCode >= 400 && statusCode < 500) return { code: oneLine(code), text: oneLine(message), statusCode }
  const internal = new StompError('STOMP_INTERNAL')
  return { code: internal.code, text: internal.message, unexpected: true }
}

/** A destination in a text that a page may show: without the characters that mean something in HTML (SEC-S63). The header has it as it was. */
function harmless (destination: string): string {
  return oneLine(destination).replace(/[<>&"'`]/g, '?')
}

/** A text as a header that needs no escaping: one before negotiation would get none (STOMP-E4). */
export function oneLine (text: string): string {
  return text.replace(/[\r\n\\:]+ */g, ' ').slice(0, 200)
}
