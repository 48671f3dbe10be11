import secureJson from 'secure-json-parse'
import { Body, type FrameHeaders } from '../codec/index.ts'
import { stompErrors } from '../errors.ts'

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i
const TEXT_TYPE = /^text\//i

/** What an application sends, as octets or text with its content type: strings and bytes as they are, all else as JSON. */
export function encodeContent (value: unknown): { body: Body, contentType: string } {
  if (typeof value === 'string') return { body: Body.from(value), contentType: 'text/plain;charset=UTF-8' }
  if (value instanceof Uint8Array) return { body: Body.from(value), contentType: 'application/octet-stream' }
  const text = JSON.stringify(value)
  if (text === undefined) throw new stompErrors.InvalidBody('this value has no JSON form')
  return { body: Body.from(text), contentType: 'application/json;charset=UTF-8' }
}

/**
 * What a client has sent: JSON by default, text and octets by their content type. Keys that would reach into a
 * prototype are refused (SEC-S60).
 */
export function decodeContent (body: Body, headers: FrameHeaders): unknown {
  const type = headers.get('content-type')
  if (type !== undefined && !JSON_TYPE.test(type)) return TEXT_TYPE.test(type) ? body.text : body.bytes
  if (body.length === 0) return undefined
  try {
    return secureJson.parse(body.text, { protoAction: 'error', constructorAction: 'error' })
  } catch {
    throw new stompErrors.InvalidBody(type === undefined ? 'the body is not JSON; send content-type text/plain with plain text' : 'the body is not JSON')
  }
}
