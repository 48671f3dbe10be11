import { BrokerError } from '../broker.ts'

/** What the embedded broker refuses, in words for the client. The texts hold no colon and no backslash (STOMP-E4). */
const REFUSALS = {
  STOMP_BROKER_UNAVAILABLE: 'The broker is not running',
  STOMP_BROKER_STOPPED: 'The broker was stopped',
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

/** `detail` says which limit or which header; it never quotes what the client sent. */
export function refusal (code: RefusalCode, detail?: string, fatal = false): BrokerError {
  return new BrokerError(code, detail === undefined ? REFUSALS[code] : `${REFUSALS[code]} (${detail})`, fatal)
}
