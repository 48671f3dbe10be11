import { Reader, Writer } from '../../cluster/bytes.ts'
import { type MessageContent, readContent, writeContent } from '../broker/message-record.ts'

/**
 * The end of a question.
 *
 * - `answered`: the client has answered;
 * - `gone`: there is no such session, or it has ended;
 * - `unheard`: the session does not subscribe to the destination of the question;
 * - `timeout`: the client did not answer in time;
 * - `unreachable`: a node that may own the session did not answer;
 * - `aborted`: the caller has given up.
 */
export type Outcome =
  { readonly type: 'answered', readonly answer: MessageContent } |
  { readonly type: Unanswered }

export type Unanswered = 'gone' | 'unheard' | 'timeout' | 'unreachable' | 'aborted'

/** The outcomes by their numbers on the wire between nodes. */
const TYPES: readonly Outcome['type'][] = ['answered', 'gone', 'unheard', 'timeout']

export function writeOutcome (outcome: Outcome): Uint8Array {
  const writer = new Writer().u8(TYPES.indexOf(outcome.type))
  return (outcome.type === 'answered' ? writeContent(writer, outcome.answer) : writer).done()
}

/** @throws MalformedRecord */
export function readOutcome (record: Uint8Array): Outcome {
  const reader = new Reader(record)
  const type = TYPES[reader.u8()] ?? 'unreachable'
  return type === 'answered' ? { type, answer: readContent(reader) } : { type }
}
