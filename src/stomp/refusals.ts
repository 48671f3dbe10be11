import { BROKER_ERRORS } from '../core/error-codes.ts'

/** A refusal of a broker. The client gets `message`, which names no host, no path and no internals. */
export class BrokerError extends Error {
  /** The code for the header `code` of the ERROR. It stays the same from version to version. */
  readonly code: string
  /** False where only the operation failed and the connection goes on. */
  readonly fatal: boolean

  /** @param cause goes to the log and not to the client, because it may name hosts and quote the broker */
  constructor (code: string, message: string, fatal = true, cause?: Error) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'BrokerError'
    this.code = code
    this.fatal = fatal
  }
}

/** The code of a refusal for which the package has a text. */
export type RefusalCode = keyof typeof BROKER_ERRORS

/**
 * Makes a refusal with the text of its code.
 *
 * `detail` stands in brackets after the text. It names the limit or the header, and never quotes the client. `fatal` is true if the
 * connection to the broker has ended too. `cause` goes to the log and not to the client.
 */
export function refusal (code: RefusalCode, detail?: string, fatal = false, cause?: Error): BrokerError {
  const { text } = BROKER_ERRORS[code]
  return new BrokerError(code, detail === undefined ? text : `${text} (${detail})`, fatal, cause)
}
