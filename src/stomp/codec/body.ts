import { Buffer, isUtf8 } from 'node:buffer'

/**
 * The body of a frame, kept as text or as octets. The other form is made once, when it is first asked for.
 */
export class Body {
  /** The body of a frame without one. */
  static readonly EMPTY = new Body('', undefined, 0, 'text')

  /** Makes a body. `length` is the number of octets, if the caller knows it. */
  static from (content: string | Uint8Array, length?: number, carrier: 'text' | 'bytes' = typeof content === 'string' ? 'text' : 'bytes'): Body {
    if (content.length === 0) return Body.EMPTY
    return typeof content === 'string' ? new Body(content, undefined, length, carrier) : new Body(undefined, content, content.length, carrier)
  }

  /** The form in which it is kept. */
  readonly form: 'text' | 'bytes'
  /** The form in which it came. Text is decoded already, so that the charset of a header does not count. */
  readonly carrier: 'text' | 'bytes'

  #text: string | undefined
  #bytes: Uint8Array | undefined
  #length: number | undefined
  #isText: boolean | undefined

  private constructor (text: string | undefined, bytes: Uint8Array | undefined, length: number | undefined, carrier: 'text' | 'bytes') {
    this.carrier = carrier
    this.#text = text
    this.#bytes = bytes
    this.#length = length
    this.form = text === undefined ? 'bytes' : 'text'
    this.#isText = text === undefined ? undefined : true
  }

  /** The number of octets, not of characters (STOMP-B6). */
  get length (): number {
    this.#length ??= Buffer.byteLength(this.#text ?? '')
    return this.#length
  }

  /** True when a text message can carry this body unchanged (STOMP-W6). */
  get isText (): boolean {
    this.#isText ??= isUtf8(this.bytes)
    return this.#isText
  }

  /** The body as text, where U+FFFD stands for octets that are not UTF-8. */
  get text (): string {
    this.#text ??= asBuffer(this.bytes).toString('utf8')
    return this.#text
  }

  /** The body as octets. */
  get bytes (): Uint8Array {
    this.#bytes ??= Buffer.from(this.#text ?? '', 'utf8')
    return this.#bytes
  }

  /** The body as base64, for connections that carry text only. */
  get base64 (): string {
    return asBuffer(this.bytes).toString('base64')
  }
}

/** Makes a view of the same octets that has the encodings of a Buffer. */
export function asBuffer (bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
