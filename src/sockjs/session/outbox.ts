import { shown } from '../../core/suggestion.ts'
import type { Message } from '../../stream/message-stream.ts'
import { PreparedMessage } from '../../stream/prepared-message.ts'
import { errors } from '../errors.ts'
import { formsOf, isPlain, type Outgoing, quote } from '../protocol/index.ts'

/**
 * The messages of one session that wait for the client.
 *
 * The outbox encodes a message when it is sent, so that limits count the bytes that really wait (ENC-11). SockJS sessions keep quoted
 * strings, and raw WebSockets keep the given value.
 */
export class Outbox {
  readonly #raw: boolean
  readonly #binary: boolean
  #messages: Outgoing[] | null = null
  /** The encoded length of all messages that wait. */
  bytes = 0
  #addedBytes = 0

  /** Makes an outbox. `raw`: without SockJS framing. `binary`: bytes may be sent too, if it is raw. */
  constructor (raw: boolean, binary: boolean) {
    this.#raw = raw
    this.#binary = binary
  }

  get length (): number {
    return this.#messages === null ? 0 : this.#messages.length
  }

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
  putBack (messages: Outgoing[], bytes: number): void {
    this.#messages = this.#messages === null ? messages : messages.concat(this.#messages)
    this.bytes += bytes
  }

  /** Removes messages from the front, up to a number of bytes, but at least one. */
  takeFirst (limit: number): { readonly messages: Outgoing[], readonly bytes: number } {
    const all = this.#messages!
    let bytes = 0
    let count = 0
    while (count < all.length) {
      const size = sizeOf(all[count]!)
      if (count > 0 && bytes + size > limit) break
      bytes += size
      count++
    }
    this.#messages = count === all.length ? null : all.slice(count)
    this.bytes -= bytes
    return { messages: all.slice(0, count), bytes }
  }

  /** Removes all messages and returns them. */
  take (): Outgoing[] {
    const messages = this.#messages ?? []
    this.#messages = null
    this.bytes = 0
    return messages
  }

  #encodeFramed (message: Message | PreparedMessage): Outgoing {
    if (typeof message === 'string') {
      if (isPlain(message)) {
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

/** Returns the encoded length of a message of a SockJS session. */
export function sizeOf (message: Outgoing): number {
  return message instanceof PreparedMessage ? formsOf(message).quotedBytes : Buffer.byteLength(message as string)
}

function typeName (message: unknown): string {
  const value = message instanceof PreparedMessage ? message.data : message
  return value instanceof Uint8Array ? 'bytes' : shown(value)
}
