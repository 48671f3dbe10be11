import type { Reader, Writer } from '../../cluster/bytes.ts'
import { Body, FrameHeaders } from '../codec/index.ts'

/** The part of a message that goes from node to node as it is. */
export interface MessageContent {
  readonly destination: string
  readonly headers: FrameHeaders
  readonly body: Body
}

/** The form of a body, and that in which its publisher sent it. */
const TEXT = 1
const FROM_TEXT = 2

export function writeContent (writer: Writer, { destination, headers, body }: MessageContent): Writer {
  writer.text(destination).u32(headers.size)
  for (const [name, value] of headers) writer.text(name).text(value)
  writer.u8((body.form === 'text' ? TEXT : 0) + (body.carrier === 'text' ? FROM_TEXT : 0))
  return body.form === 'text' ? writer.text(body.text) : writer.bytes(body.bytes)
}

/** @throws MalformedRecord */
export function readContent (reader: Reader): MessageContent {
  const destination = reader.text()
  const headers = new FrameHeaders()
  for (let left = reader.u32(); left > 0; left--) headers.set(reader.text(), reader.text())
  const form = reader.u8()
  const carrier = (form & FROM_TEXT) !== 0 ? 'text' : 'bytes'
  // The listener may not keep the bytes of the engine.
  return { destination, headers, body: Body.from((form & TEXT) !== 0 ? reader.text() : Uint8Array.from(reader.bytes()), undefined, carrier) }
}
