import { BrokerError } from '../broker/broker.ts'
import { StompError } from '../errors.ts'

/** An ERROR frame: what failed in words for the client, and no internals (STOMP-X1, STOMP-X2, SEC-S63). */
export interface ErrorFrame {
  readonly message: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
  /** Nobody's mistake but ours. */
  readonly unexpected: boolean
}

interface ClientError extends Error {
  statusCode: number
  code?: unknown
}

/** `receipt` is what the failed frame asked for (STOMP-R3). */
export function errorFrame (error: unknown, receipt: string | undefined): ErrorFrame {
  const { code, message, headers, unexpected } = describe(error)
  const receiptId = receipt ?? (error instanceof StompError ? error.receipt : undefined)
  const lines: (readonly [string, string])[] = [['message', message], ['code', code]]
  if (receiptId !== undefined) lines.push(['receipt-id', receiptId])
  lines.push(...Object.entries(headers), ['content-type', 'text/plain'])
  return { message, headers: lines, body: message + '.\n', unexpected }
}

function describe (error: unknown): { code: string, message: string, headers: Readonly<Record<string, string>>, unexpected: boolean } {
  if (error instanceof StompError) return { code: error.code, message: error.message, headers: error.headers, unexpected: false }
  if (error instanceof BrokerError) return { code: error.code, message: error.message, headers: {}, unexpected: false }
  if (isClientError(error)) return { code: typeof error.code === 'string' ? oneLine(error.code) : 'STOMP_ACCESS_REFUSED', message: oneLine(String(error.message)), headers: {}, unexpected: false }
  const { code, message } = new StompError('STOMP_INTERNAL')
  return { code, message, headers: {}, unexpected: true }
}

/** Hooks refuse with the errors of HTTP: those below 500 are meant for the client. */
function isClientError (error: unknown): error is ClientError {
  const status = (error as { statusCode?: unknown } | null)?.statusCode
  return error instanceof Error && typeof status === 'number' && status >= 400 && status < 500
}

/** A text as a header that needs no escaping: one before negotiation would get none (STOMP-E4). */
export function oneLine (text: string): string {
  return text.replace(/[\r\n\\:]+ */g, ' ').slice(0, 200)
}
