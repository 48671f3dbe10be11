import type { Headers } from './frame.ts'

/** The errors of the client itself, with their texts. The code of each begins with `STOMP_CLIENT_`. */
export const CLIENT_ERRORS = {
  INTERRUPTED: 'The connection ended, and the frame may have been processed or not',
  CLOSED: 'Closed',
  QUEUE_FULL: 'Too many frames wait',
  OVERFLOW: 'Too many messages wait',
  TIMEOUT: 'No answer in time',
  REFUSED: 'The question was refused',
  SILENT: 'The server is silent',
  BAD_FRAME: 'The server sent no valid frame',
  BAD_ARGUMENT: 'Not valid'
} as const

/** The parts of an error beside its code and its text. */
export interface ErrorParts {
  /** The headers of the ERROR frame, or of the message about an error of a handler. */
  readonly headers?: Headers
  /** The body of the ERROR frame as a text, or the parsed body of the message about an error. */
  readonly body?: unknown
  /** The cause, for example the error of a function of the application. */
  readonly cause?: unknown
}

/** An error of the client, or one of which the server told. */
export class StompClientError extends Error {
  /** A code of the server, such as `STOMP_ACCESS_REFUSED`, or of the client, such as `STOMP_CLIENT_INTERRUPTED`. */
  readonly code: string
  /** The headers of the frame of the server. */
  declare readonly headers?: Headers
  /** The body of the frame of the server. */
  declare readonly body?: unknown

  constructor (code: string, message: string, parts?: ErrorParts) {
    super(message)
    this.code = code
    Object.assign(this, { name: 'StompClientError', ...parts })
  }
}

/** Makes an error of the client itself. */
export function clientError (name: keyof typeof CLIENT_ERRORS, detail?: unknown, parts?: ErrorParts): StompClientError {
  return new StompClientError('STOMP_CLIENT_' + name, CLIENT_ERRORS[name] + (detail ? `: ${detail}` : ''), parts)
}
