import { Buffer } from 'node:buffer'
import type { Body } from './body.ts'
import { type HeaderRules, escapeName, escapeValue } from './escaping.ts'

const NUL = Buffer.of(0)

/** Writes header lines for the receivers of one version. Only the characters and names that it cannot carry are left out. */
export function headerLines (
  headers: Iterable<readonly [name: string, value: string]>,
  rules: HeaderRules,
  omitted?: ReadonlySet<string>
): string {
  let lines = ''
  for (const [name, value] of headers) {
    if (omitted?.has(name)) continue
    const escapedName = escapeName(name, rules)
    if (escapedName !== undefined) lines += escapedName + ':' + escapeValue(value, rules) + '\n'
  }
  return lines
}

/**
 * The end of a frame, from some header line on, which all receivers of one message share.
 * The text and the bytes are each made once, when they are first asked for.
 */
export class FrameEnd {
  readonly #lines: string
  readonly #body: Body | undefined
  #text: string | undefined
  #bytes: Buffer | undefined

  /** `lines` hold no content-length. `body` is `undefined` for the commands that cannot carry one. */
  constructor (lines: string, body: Body | undefined) {
    this.#lines = lines
    this.#body = body
  }

  get isText (): boolean {
    return this.#body === undefined || this.#body.isText
  }

  get text (): string {
    this.#text ??= this.#writeText()
    return this.#text
  }

  get bytes (): Buffer {
    this.#bytes ??= this.#writeBytes()
    return this.#bytes
  }

  #writeText (): string {
    const body = this.#body
    if (body === undefined) return this.#lines + '\n\0'
    if (body.isText) return this.#lines + contentLength(body.length) + '\n' + body.text + '\0'
    // A receiver that takes text only gets other octets as base64. The header stands in front, because the publisher may
    // have sent one too, and the first of repeated headers counts (STOMP-K2).
    const { base64 } = body
    return 'content-transfer-encoding:base64\n' + this.#lines + contentLength(base64.length) + '\n' + base64 + '\0'
  }

  #writeBytes (): Buffer {
    const body = this.#body
    if (body === undefined || body.form === 'text') return Buffer.from(this.text)
    return Buffer.concat([Buffer.from(this.#lines + contentLength(body.length) + '\n'), body.bytes, NUL])
  }
}

/** A whole frame: its own first lines, and an end that other frames may share. It keeps no form, because each is written once. */
export class EncodedFrame {
  readonly #front: string
  readonly #end: FrameEnd

  constructor (front: string, end: FrameEnd) {
    this.#front = front
    this.#end = end
  }

  /** True when the body is UTF-8, so that a text message carries the frame as it is (STOMP-W6). */
  get isText (): boolean {
    return this.#end.isText
  }

  get text (): string {
    return this.#front + this.#end.text
  }

  get bytes (): Uint8Array {
    return Buffer.concat([Buffer.from(this.#front), this.#end.bytes])
  }
}

/** Writes the content-length, in octets. An empty body has one too (STOMP-B3, STOMP-B6). */
function contentLength (octets: number): string {
  return `content-length:${octets}\n`
}
