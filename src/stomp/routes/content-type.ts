import { TextDecoder } from 'node:util'
import type { Body, FrameHeaders } from '../codec/index.ts'
import { stompErrors } from '../errors.ts'

/** A content type, parsed. */
export interface ContentType {
  /** The type and the subtype in lower case, without parameters. */
  readonly essence: string
  /** The charset in lower case, `undefined` where none is named. */
  readonly charset: string | undefined
}

/** RFC 9110, 8.3.1: a parameter is a token or a quoted string. */
const PARAMETER = /;\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]*))/g

/** Reads the header `content-type`, in any case of its name. STOMP has lower case, and many clients write it as HTTP does. */
export function contentTypeOf (headers: FrameHeaders): ContentType | undefined {
  const value = headers.get('content-type') ?? headers.get('Content-Type') ?? otherSpelling(headers)
  if (value === undefined) return undefined
  const essence = value.split(';', 1)[0]!.trim().toLowerCase()
  for (const [, name, quoted, token] of value.matchAll(PARAMETER)) {
    if (name!.toLowerCase() === 'charset') return { essence, charset: (quoted?.replace(/\\(.)/g, '$1') ?? token!).trim().toLowerCase() }
  }
  return { essence, charset: undefined }
}

function otherSpelling (headers: FrameHeaders): string | undefined {
  for (const [name, value] of headers) if (name.length === 12 && name.toLowerCase() === 'content-type') return value
  return undefined
}

const UTF8: ReadonlySet<string> = new Set(['utf-8', 'utf8'])

/** Tells whether text in that charset is UTF-8 as it stands. */
export function isUtf8Charset (charset: string | undefined): boolean {
  return charset === undefined || UTF8.has(charset)
}

/**
 * Reads a body as text, without the mark of byte order. Text messages of a WebSocket or of SockJS are decoded already, so that only octets
 * are read by the charset.
 *
 * @throws FST_STOMP_INVALID_BODY for a charset that is not known, and for octets that do not fit
 */
export function textOf (body: Body, charset: string | undefined): string {
  const decoder = isUtf8Charset(charset) ? null : decoderFor(body, charset!)
  if (decoder === null || body.carrier === 'text') {
    if (!body.isText) throw new stompErrors.InvalidBody('the body is not UTF-8; name its charset in the content-type')
    return body.text.startsWith('\ufeff') ? body.text.slice(1) : body.text
  }
  try {
    const text = decoder.decode(body.bytes)
    return decoder.encoding === 'windows-1252' ? text.replace(C1, (unit) => WINDOWS_1252[unit.charCodeAt(0) - 0x80]!) : text
  } catch {
    throw new stompErrors.InvalidBody(`the body does not fit its charset ${decoder.encoding}`)
  }
}

/** The units that windows-1252 has in place of ISO 8859-1, as browsers read it. Some versions of Node leave them as they are. */
const C1 = /[\x80-\x9f]/g
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'

function decoderFor (body: Body, charset: string): TextDecoder {
  try {
    return new TextDecoder(charset === 'utf-16' && isBigEndian(body) ? 'utf-16be' : charset, { fatal: true })
  } catch {
    throw new stompErrors.InvalidBody('the charset of the content-type is not known')
  }
}

/** Reads the order of octets from the first two octets of `utf-16` (RFC 2781, 3.3). */
function isBigEndian ({ carrier, bytes }: Body): boolean {
  return carrier === 'bytes' && bytes[0] === 0xfe && bytes[1] === 0xff
}
