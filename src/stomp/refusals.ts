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

/** The refusals of brokers, with their texts for the client. A text holds no colon and no backslash (STOMP-E4). */
const REFUSALS = {
  STOMP_BROKER_UNAVAILABLE: 'The broker is not available',
  STOMP_BROKER_STOPPED: 'The broker was stopped',
  STOMP_BROKER_LOST: 'The connection to the broker was lost',
  STOMP_BROKER_TIMEOUT: 'The broker did not answer in time',
  STOMP_BROKER_BUSY: 'Too much waits for the broker',
  STOMP_BROKER_REFUSED: 'The broker has refused this',
  STOMP_ACCESS_REFUSED: 'The broker refuses access',
  STOMP_SUBSCRIPTION_ENDED: 'The broker has ended the subscription',
  STOMP_BROKER_FULL: 'The queues of this broker are full',
  STOMP_UNKNOWN_DESTINATION: 'Nothing here serves this destination',
  STOMP_INVALID_DESTINATION: 'The destination has the wrong form',
  STOMP_DESTINATION_TOO_LONG: 'The destination is too long',
  STOMP_INVALID_HEADER: 'A header has no valid value',
  STOMP_QUEUE_FULL: 'The queue is full',
  STOMP_TOO_MANY_QUEUES: 'There are too many queues',
  STOMP_TOO_MANY_TEMPORARY_QUEUES: 'There are too many temporary queues on this connection',
  STOMP_FELL_BEHIND: 'The subscription fell behind, and messages for it were lost'
} as const satisfies Record<string, string>

export type RefusalCode = keyof typeof REFUSALS

/** Makes a refusal. `detail` names the limit or the header, and never quotes the client. `cause` is for the log. */
export function refusal (code: RefusalCode, detail?: string, fatal = false, cause?: Error): BrokerError {
  return new BrokerError(code, detail === undefined ? REFUSALS[code] : `${REFUSALS[code]} (${detail})`, fatal, cause)
}
