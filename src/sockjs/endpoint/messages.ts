import { decodePayload, type PayloadError } from '../protocol/index.ts'
import { type IncomingRules, isTooBig } from '../transports/index.ts'

/** The problem of a body with messages. */
export class BodyProblem {
  readonly status: 500 | 413
  readonly text: string

  constructor (status: 500 | 413, text: string) {
    this.status = status
    this.text = text
  }
}

/** The problems of bodies, by the fault of the payload (ENC-4, ENC-5), and that of a message which is too big. */
export const BODY_PROBLEMS: Readonly<Record<PayloadError | 'Message too big.', BodyProblem>> = {
  'Broken JSON encoding.': new BodyProblem(500, 'Broken JSON encoding.'),
  'Payload expected.': new BodyProblem(500, 'Payload expected.'),
  'Message too big.': new BodyProblem(413, 'Message too big.')
}

/** Reads the messages of a payload, or finds its problem. A payload that is not UTF-8 is `null`. */
export function readPayload (payload: string | null, { maxMessageSize, plain }: IncomingRules): readonly string[] | BodyProblem {
  const messages = payload === null ? 'Broken JSON encoding.' : decodePayload(payload, plain)
  if (typeof messages === 'string') return BODY_PROBLEMS[messages]
  for (const message of messages) if (isTooBig(message, maxMessageSize)) return BODY_PROBLEMS['Message too big.']
  return messages
}
