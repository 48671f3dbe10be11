import { Reader, Writer } from '../../../cluster/bytes.ts'
import { Body, FrameHeaders } from '../../codec/index.ts'
import type { TopicPosition } from '../local/position.ts'
import { Publication } from '../publication.ts'

/** A message as it goes from node to node. */
export interface MessageRecord {
  /** The id of the node that has published it. */
  readonly node: string
  /** Counts the messages of that node, from 1. */
  readonly number: number
  /** The id that its publisher gave to it, or the empty string. */
  readonly ownId: string
  readonly destination: string
  readonly headers: FrameHeaders
  readonly body: Body
  /** The date on which it expires, in milliseconds since 1970, 0 for never. */
  readonly expires: number
}

/** The form of a body, and that in which its publisher sent it. */
const TEXT = 1
const FROM_TEXT = 2

/** The id of a message: `message-id` for subscribers (STOMP-M2), and the mark by which repeats are known. */
export function idOf ({ node, number, ownId }: Pick<MessageRecord, 'node' | 'number' | 'ownId'>): string {
  return ownId === '' ? `${node}-${number.toString(36)}` : ownId
}

export function writeRecord ({ node, number, ownId, destination, headers, body, expires }: MessageRecord): Uint8Array {
  const writer = new Writer().text(node).u48(number).text(ownId).u48(expires).text(destination).u32(headers.size)
  for (const [name, value] of headers) writer.text(name).text(value)
  writer.u8((body.form === 'text' ? TEXT : 0) + (body.carrier === 'text' ? FROM_TEXT : 0))
  return (body.form === 'text' ? writer.text(body.text) : writer.bytes(body.bytes)).done()
}

/** @throws MalformedRecord */
export function readRecord (data: Uint8Array): MessageRecord {
  const reader = new Reader(data)
  const node = reader.text()
  const number = reader.u48()
  const ownId = reader.text()
  const expires = reader.u48()
  const destination = reader.text()
  const headers = new FrameHeaders()
  for (let left = reader.u32(); left > 0; left--) headers.set(reader.text(), reader.text())
  const form = reader.u8()
  const carrier = (form & FROM_TEXT) !== 0 ? 'text' : 'bytes'
  // The listener may not keep the bytes of the engine.
  const body = Body.from((form & TEXT) !== 0 ? reader.text() : Uint8Array.from(reader.bytes()), undefined, carrier)
  return { node, number, ownId, destination, headers, body, expires }
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
