import { PreparedMessage } from '../../stream/prepared-message.ts'
import { SockjsFrame } from './frame.ts'
import { quote } from './quote.ts'

/** The messages of one write, and their joined form. */
interface Batch<T> {
  readonly messages: readonly Outgoing[]
  readonly joined: T
}

/** The encoded forms of a prepared message. Each is made once: quoted for SockJS, framed for a WebSocket, wrapped for a streaming transport. */
class EncodedForms {
  readonly #data: string | Uint8Array
  #quoted: string | undefined
  #quotedBytes = 0
  #frame: SockjsFrame | undefined
  #batch: Batch<SockjsFrame> | undefined
  #raw: Buffer | undefined
  #rawBytes: number | undefined
  #rawBatch: Batch<Buffer> | undefined
  #deflated: Buffer | undefined

  constructor (data: string | Uint8Array) {
    this.#data = data
  }

  /** The message as an element of a SockJS array. */
  get quoted (): string {
    return this.#quoted ?? this.#quote()
  }

  /** Length of `quoted` in UTF-8. */
  get quotedBytes (): number {
    if (this.#quoted === undefined) this.#quote()
    return this.#quotedBytes
  }

  #quote (): string {
    this.#quoted = quote(textOf(this.#data))
    this.#quotedBytes = Buffer.byteLength(this.#quoted)
    return this.#quoted
  }

  /** The frame that carries this message alone. */
  get frame (): SockjsFrame {
    this.#frame ??= new SockjsFrame('a[' + this.quoted + ']', frameLength(1, this.quotedBytes), true)
    return this.#frame
  }

  /** Length of the message in UTF-8, as a raw WebSocket carries it. */
  get rawBytes (): number {
    this.#rawBytes ??= Buffer.byteLength(this.#data)
    return this.#rawBytes
  }

  /** The encoded frame of a raw WebSocket. `encode` makes it the first time. */
  raw (encode: (data: string | Uint8Array) => Buffer): Buffer {
    this.#raw ??= encode(this.#data)
    return this.#raw
  }

  /** The same frame, compressed. */
  deflated (encode: (data: string | Uint8Array) => Buffer): Buffer {
    this.#deflated ??= encode(this.#data)
    return this.#deflated
  }

  /**
   * Returns the shared frame of a batch that begins with this message.
   *
   * Sessions that got the same broadcasts in one turn of the event loop ask for the same batch one after the other. So it keeps the last
   * batch only.
   */
  batch (messages: readonly Outgoing[], make: () => SockjsFrame): SockjsFrame {
    if (this.#batch === undefined || !sameMessages(this.#batch.messages, messages)) this.#batch = { messages, joined: make() }
    return this.#batch.joined
  }

  /** Returns the shared frames of such a batch on raw WebSockets. */
  rawBatch (messages: readonly Outgoing[], make: () => Buffer): Buffer {
    if (this.#rawBatch === undefined || !sameMessages(this.#rawBatch.messages, messages)) this.#rawBatch = { messages, joined: make() }
    return this.#rawBatch.joined
  }
}

/** Returns the encoded forms of a message. They stay with the message. */
export function formsOf (message: PreparedMessage): EncodedForms {
  return (message.forms ??= new EncodedForms(message.data)) as EncodedForms
}

/** A message for the client: quoted text, raw text, raw bytes, or a prepared message. */
export type Outgoing = string | Uint8Array | PreparedMessage

function sameMessages (a: readonly Outgoing[], b: readonly Outgoing[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

function textOf (data: string | Uint8Array): string {
  return typeof data === 'string' ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString()
}

/** The length in UTF-8 of a frame of messages, with `a[`, the commas and `]`. `bytes` is the sum of their encoded lengths. */
export function frameLength (count: number, bytes: number): number { return bytes + count + 2 }

/**
 * Makes one frame of the messages that one turn of the event loop produced (SESSION-15), or of a part of them.
 *
 * `bytes` is the sum of the encoded lengths of the messages.
 */
export function messageFrame (messages: readonly Outgoing[], bytes: number): SockjsFrame {
  const first = messages[0]
  if (messages.length === 1) {
    return first instanceof PreparedMessage ? formsOf(first).frame : new SockjsFrame('a[' + quotedText(first!) + ']', frameLength(1, bytes), false)
  }
  if (isShared(messages)) {
    return formsOf(messages[0]!).batch(messages, () => joinedFrame(messages, bytes, true))
  }
  return joinedFrame(messages, bytes, false)
}

/** True if all messages are prepared, so that other sessions may ask for the same batch. */
export function isShared (messages: readonly Outgoing[]): messages is readonly PreparedMessage[] {
  return messages.every(isPrepared)
}

function isPrepared (message: Outgoing): message is PreparedMessage {
  return message instanceof PreparedMessage
}

function joinedFrame (messages: readonly Outgoing[], bytes: number, shared: boolean): SockjsFrame {
  let text = 'a[' + quotedText(messages[0]!)
  for (let i = 1; i < messages.length; i++) text += ',' + quotedText(messages[i]!)
  return new SockjsFrame(text + ']', frameLength(messages.length, bytes), shared)
}

function quotedText (message: Outgoing): string {
  return message instanceof PreparedMessage ? formsOf(message).quoted : message as string
}
