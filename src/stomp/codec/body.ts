import { Buffer, isUtf8 } from 'node:buffer'

/**
 * The body of a frame, kept in the form it came in and turned into the other form only when somebody asks, once.
 */
export class Body {
  /** No body at all. */
  static readonly EMPTY = new Body('', undefined, 0, 'text')

  /** `length` is the number of octets where the caller happens to know it. */
  static from (content: string | Uint8Array, length?: number, carrier: 'text' | 'bytes' = typeof content === 'string' ? 'text' : 'bytes'): Body {
    if (content.length === 0) return Body.EMPTY
    return typeof content === 'string' ? new Body(content, undefined, length, carrier) : new Body(undefined, content, content.length, carrier)
  }

  /** The form it is kept in. */
  readonly form: 'text' | 'bytes'
  /** What it came in: text was decoded by the carrier already, whatever charset a header names. */
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

  /** Octets, never characters (STOMP-B6). */
  get length (): number {
    this.#length ??= Buffer.byteLength(this.#text ?? '')
    return this.#length
  }

  /** Whether a text message can carry this body unchanged (STOMP-W6). */
  get isText (): boolean {
    this.#isText ??= isUtf8(this.bytes)
    return this.#isText
  }

  /** The body as text; octets that are not UTF-8 read as U+FFFD. */
  get text (): string {
    this.#text ??= asBuffer(this.bytes).toString('utf8')
    return this.#text
  }

  /** The body as octets. */
  get bytes (): Uint8Array {
    this.#bytes ??= Buffer.from(this.#text ?? '', 'utf8')
    return this.#bytes
  }

  /** For carriers that have text only. */
  get base64 (): string {
    return asBuffer(this.bytes).toString('base64')
  }
}

/** A view on the same octets, for Buffer's codecs. */
export function asBuffer (bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
