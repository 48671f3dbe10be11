import type { Headers } from './frame.ts'

/** The codes of the errors of the client itself, without `STOMP_CLIENT_`. An error of the server has the code of the server. */
export type ClientErrorName =
  'INTERRUPTED' | 'CLOSED' | 'QUEUE_FULL' | 'OVERFLOW' | 'TIMEOUT' | 'REFUSED' | 'SILENT' | 'BAD_FRAME' | 'BAD_ARGUMENT'

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
  declare readonly code: string
  /** The headers of the frame of the server. */
  declare readonly headers?: Headers
  /** The body of the frame of the server. */
  declare readonly body?: unknown

  constructor (code: string, message: string, parts?: ErrorParts) {
    super(message)
    Object.assign(this, { name: 'StompClientError', code, ...parts })
  }
}

/** Makes an error of the client itself. Its text is that of its code, with a detail. */
export function clientError (name: ClientErrorName, detail: unknown, parts?: ErrorParts): StompClientError {
  return new StompClientError('STOMP_CLIENT_' + name, `${name.toLowerCase().replace('_', ' ')}: ${detail}`, parts)
}
