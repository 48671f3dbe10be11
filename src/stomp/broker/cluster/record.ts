import { NODE_ID } from '../../../cluster/batch.ts'
import { MalformedRecord, Reader, Writer } from '../../../cluster/bytes.ts'
import type { TopicPosition } from '../local/position.ts'
import { type MessageContent, readContent, writeContent } from '../message-record.ts'
import { Publication } from '../publication.ts'

/** A message as it goes from node to node. */
export interface MessageRecord extends MessageContent {
  /** The id of the node that has published it. */
  readonly node: string
  /** Counts the messages of that node, from 1. */
  readonly number: number
  /** The id that its publisher gave to it, or the empty string. */
  readonly ownId: string
  /** The date on which it expires, in milliseconds since 1970, 0 for never. */
  readonly expires: number
}

/** The id of a message: `message-id` for subscribers (STOMP-M2), and the mark by which repeats are known. */
export function idOf ({ node, number, ownId }: Pick<MessageRecord, 'node' | 'number' | 'ownId'>): string {
  return ownId === '' ? `${node}-${number.toString(36)}` : ownId
}

/**
 * The id by which the engine knows a repeat in a log or a queue. An engine may know ids in all of them together, and a publisher may give one id to
 * messages of several destinations.
 */
export function engineIdOf (record: MessageRecord): string {
  return record.ownId === '' ? idOf(record) : `${record.ownId} ${record.destination}`
}

export function writeRecord (record: MessageRecord): Uint8Array {
  const { node, number, ownId, expires } = record
  return writeContent(new Writer().text(node).u48(number).text(ownId).u48(expires), record).done()
}

/** @throws MalformedRecord */
export function readRecord (data: Uint8Array): MessageRecord {
  const reader = new Reader(data)
  const node = reader.text()
  const number = reader.u48()
  const ownId = reader.text()
  const expires = reader.u48()
  const content = readContent(reader)
  if (!NODE_ID.test(node) || content.destination === '' || !reader.ended) throw new MalformedRecord('a message of a node, with its destination')
  return { node, number, ownId, expires, ...content }
}

/** Makes the message that subscribers get. */
export function publicationOf (record: MessageRecord): Publication {
  return new Publication(record.destination, idOf(record), record.headers, record.body)
}

/** Makes the message of a topic with a history, with its place for `x-recover`. */
export function placed (record: MessageRecord, { epoch, offset }: TopicPosition): Publication {
  record.headers.set('x-epoch', epoch).set('x-offset', String(offset))
  return publicationOf(record)
}
