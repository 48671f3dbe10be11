import { Frame } from './frame.ts'
import { quote } from './quote.ts'

interface Batch {
  readonly messages: readonly Outgoing[]
  readonly frame: Frame
}

/**
 * A message that is encoded once for all the sessions that it goes to.
 *
 * Each form is made once: quoted for SockJS, framed for a WebSocket, wrapped for a streaming transport.
 * `endpoint.prepare()` makes one, and `broadcast()` makes one by itself.
 */
export class PreparedMessage {
  /** The message: a string, or bytes for raw WebSockets with `binary` on. */
  readonly data: string | Uint8Array
  #quoted: string | undefined
  #quotedBytes = 0
  #frame: Frame | undefined
  #batch: Batch | undefined
  #raw: Buffer | undefined

  constructor (data: string | Uint8Array) {
    this.data = data
  }

  /** @internal The message as an element of a SockJS array. */
  get quoted (): string {
    return this.#quoted ?? this.#quote()
  }

  /** @internal Length of `quoted` in UTF-8. */
  get quotedBytes (): number {
    if (this.#quoted === undefined) this.#quote()
    return this.#quotedBytes
  }

  #quote (): string {
    this.#quoted = quote(textOf(this.data))
    this.#quotedBytes = Buffer.byteLength(this.#quoted)
    return this.#quoted
  }

  /** @internal The frame that carries this message alone. */
  get frame (): Frame {
    this.#frame ??= new Frame('a[' + this.quoted + ']', this.quotedBytes + 3, true)
    return this.#frame
  }

  /** @internal The encoded frame of a raw WebSocket. `encode` makes it the first time. */
  raw (encode: (data: string | Uint8Array) => Buffer): Buffer {
    this.#raw ??= encode(this.data)
    return this.#raw
  }

  /**
   * @internal The shared frame of a batch that begins with this message. Sessions that got the same broadcasts
   * in one turn of the event loop ask for the same batch one after the other, so the last batch is enough to keep.
   */
  batch (messages: readonly Outgoing[], make: () => Frame): Frame {
    if (this.#batch === undefined || !sameMessages(this.#batch.messages, messages)) {
      this.#batch = { messages, frame: make() }
    }
    return this.#batch.frame
  }
}

/** A message on its way to the client: quoted text, raw text, raw bytes, or a prepared message. */
export type Outgoing = string | Uint8Array | PreparedMessage

function sameMessages (a: readonly Outgoing[], b: readonly Outgoing[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

function textOf (data: string | Uint8Array): string {
  return typeof data === 'string' ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString()
}

/**
 * The frame for all messages that one turn of the event loop produced (SESSION-15). `bytes` is the sum of
 * the encoded lengths of the messages.
 */
export function messageFrame (messages: readonly Outgoing[], bytes: number): Frame {
  const first = messages[0]
  if (messages.length === 1) {
    return first instanceof PreparedMessage ? first.frame : new Frame('a[' + quotedText(first!) + ']', bytes + 3, false)
  }
  if (first instanceof PreparedMessage && messages.every(isPrepared)) {
    return first.batch(messages, () => joinedFrame(messages, bytes, true))
  }
  return joinedFrame(messages, bytes, false)
}

function isPrepared (message: Outgoing): boolean {
  return message instanceof PreparedMessage
}

function joinedFrame (messages: readonly Outgoing[], bytes: number, shared: boolean): Frame {
  let text = 'a[' + quotedText(messages[0]!)
  for (let i = 1; i < messages.length; i++) text += ',' + quotedText(messages[i]!)
  return new Frame(text + ']', bytes + messages.length + 2, shared)
}

function quotedText (message: Outgoing): string {
  return message instanceof PreparedMessage ? message.quoted : message as string
}
