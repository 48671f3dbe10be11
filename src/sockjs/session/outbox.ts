import type { Fifo } from '../../core/fifo.ts'
import { shown } from '../../core/suggestion.ts'
import type { Message } from '../../stream/message-stream.ts'
import { PreparedMessage } from '../../stream/prepared-message.ts'
import { errors } from '../errors.ts'
import { formsOf, type Outgoing, type PlainTexts, quote } from '../protocol/index.ts'
import { Front, type Part } from './front.ts'

/**
 * The messages of one session that wait for the client.
 *
 * The outbox encodes a message when it is sent, so that limits count the bytes that really wait (ENC-11). SockJS sessions keep quoted
 * strings, and raw WebSockets keep the given value.
 */
export class Outbox {
  readonly #raw: boolean
  readonly #binary: boolean
  readonly #plain: PlainTexts
  /** The messages that leave first, in parts. Only sessions that can be resumed have one. */
  #front: Front | null = null
  #messages: Outgoing[] | null = null
  /** The encoded length of all messages that wait. */
  bytes = 0
  #addedBytes = 0

  /** Makes an outbox. `raw`: without SockJS framing. `binary`: bytes may be sent too, if it is raw. */
  constructor (raw: boolean, binary: boolean, plain: PlainTexts) {
    this.#raw = raw
    this.#binary = binary
    this.#plain = plain
  }

  get length (): number {
    return (this.#messages === null ? 0 : this.#messages.length) + (this.#front === null ? 0 : this.#front.length)
  }

  /** The encoded length of the messages that wait and were not put back. */
  get freshBytes (): number { return this.#front === null ? this.bytes : this.bytes - this.#front.returnedBytes }

  /** The encoded length of the messages that have left behind the messages that were put back. */
  get passedBytes (): number { return this.#front === null ? Infinity : this.#front.passedBytes }

  /** Adds a message and returns its encoded length. */
  add (message: Message | PreparedMessage): number {
    const encoded = this.#raw ? this.#encodeRaw(message) : this.#encodeFramed(message)
    if (this.#messages === null) this.#messages = [encoded]
    else this.#messages.push(encoded)
    this.bytes += this.#addedBytes
    return this.#addedBytes
  }

  /** Takes back the message that was added last. */
  drop (bytes: number): void {
    this.#messages?.pop()
    this.bytes -= bytes
  }

  /** Puts messages back in front of the others, because their connection was lost. */
  putBack (messages: Fifo<Outgoing>, bytes: number): void {
    if (messages.length + this.length === 0) return
    this.bytes += bytes
    this.#moveToFront().putBack(messages, this.bytes)
  }

  /** Removes messages from the front, up to a number of bytes, but at least one. */
  takePart (limit: number): Part {
    if (this.#front === null && this.bytes <= limit) {
      const { bytes } = this
      return { messages: this.take(), bytes }
    }
    const part = this.#moveToFront().take(limit)
    this.bytes -= part.bytes
    return part
  }

  /** Removes all messages of an outbox from which no part was taken, and returns them. */
  take (): Outgoing[] {
    const messages = this.#messages ?? []
    this.clear()
    return messages
  }

  clear (): void {
    this.#messages = this.#front = null
    this.bytes = 0
  }

  #moveToFront (): Front {
    this.#front ??= new Front()
    if (this.#messages !== null) this.#front.add(this.#messages)
    this.#messages = null
    return this.#front
  }

  #encodeFramed (message: Message | PreparedMessage): Outgoing {
    if (typeof message === 'string') {
      if (this.#plain.isPlain(message)) {
        this.#addedBytes = message.length + 2
        return '"' + message + '"'
      }
      const quoted = quote(message)
      this.#addedBytes = Buffer.byteLength(quoted)
      return quoted
    }
    if (message instanceof PreparedMessage && typeof message.data === 'string') {
      this.#addedBytes = formsOf(message).quotedBytes
      return message
    }
    throw new errors.InvalidMessage(`a message must be a string, not ${typeName(message)}; send JSON.stringify(value) for any other value`)
  }

  #encodeRaw (message: Message | PreparedMessage): Outgoing {
    const data = message instanceof PreparedMessage ? message.data : message
    if (typeof data !== 'string' && !(this.#binary && data instanceof Uint8Array)) throw new errors.InvalidMessage(`a message must be a string${this.#binary ? ' or bytes' : ', or bytes where the option binary is on'}, not ${typeName(message)}; send JSON.stringify(value) for any other value`)
    this.#addedBytes = message instanceof PreparedMessage ? formsOf(message).rawBytes : Buffer.byteLength(data)
    return message
  }
}

function typeName (message: unknown): string {
  const value = message instanceof PreparedMessage ? message.data : message
  return value instanceof Uint8Array ? 'bytes' : shown(value)
}
