import { errorClasses } from '../core/coded-error.ts'
import { type ClientEntry, SESSION_ERRORS, STOMP_ERRORS } from '../core/error-codes.ts'
import type { FrameError } from './codec/index.ts'

/** Every error that the STOMP layer throws at the application, by name. Each class has its code. */
export const stompErrors = errorClasses(STOMP_ERRORS)

const MISTAKE = Symbol('a mistake of the application')

/** Marks an error as a mistake of the application. It is logged with any status that the client gets. */
export function mistake<E extends Error> (error: E): E {
  return Object.defineProperty(error, MISTAKE, { value: true })
}

export function isMistake (error: unknown): boolean {
  return error instanceof Error && MISTAKE in error
}

/** The codes of ERROR frames. */
export type ClientErrorCode = keyof typeof SESSION_ERRORS

/** A mistake of a client, or a refusal. The client gets an ERROR frame with this text, and the connection closes (STOMP-X1). */
export class StompError extends Error {
  /** The code, which stays the same from version to version. The ERROR frame has it in the header `code`. */
  readonly code: string
  /** The HTTP status that fits the error, for error handlers. */
  readonly statusCode: number
  /** More headers of the ERROR frame. */
  readonly headers: Readonly<Record<string, string>>
  /** The `receipt` header of the frame, where the codec found it. */
  readonly receipt: string | undefined

  constructor (code: ClientErrorCode, detail?: string, headers: Readonly<Record<string, string>> = {}) {
    const { text, status = 400 }: ClientEntry = SESSION_ERRORS[code]
    super(detail === undefined ? text : `${text} (${detail})`)
    this.name = 'StompError'
    this.code = code
    this.statusCode = status
    this.headers = headers
  }

  /** @internal Makes the error of a frame that the codec could not read. */
  static ofFrame (error: FrameError, headers: Readonly<Record<string, string>> = {}): StompError {
    return Object.assign(Object.create(StompError.prototype) as StompError, {
      name: 'StompError', code: error.code, statusCode: 400, message: error.message, headers, receipt: error.receipt
    })
  }
}
