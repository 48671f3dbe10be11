import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'

/** The bytes that the headers of a message need. */
export const HEADERS = 128

/**
 * The header that makes JetStream drop repeats of a message.
 *
 * Both clients take the bytes of headers from `encode()`. Their own class of headers is not part of a connection.
 */
export class MessageId {
  readonly #bytes: Uint8Array

  /** `place` is the log or the queue: messages of two places may have the same id. A hash has one length, and only characters that headers may have. */
  constructor (place: string, id: string) {
    const hash = createHash('sha256').update(`${place}:${id}`).digest('base64url')
    this.#bytes = Buffer.from(`NATS/1.0\r\nNats-Msg-Id: ${hash}\r\n\r\n`)
  }

  encode (): Uint8Array { return this.#bytes }
}
