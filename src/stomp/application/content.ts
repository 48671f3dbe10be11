import secureJson from 'secure-json-parse'
import { shown } from '../../core/suggestion.ts'
import { isPromise } from '../broker/promise.ts'
import { Body, type FrameHeaders } from '../codec/index.ts'
import { mistake, stompErrors } from '../errors.ts'
import { type ContentType, contentTypeOf, textOf } from './content-type.ts'

/** `application/json`, `text/json`, and whatever has the suffix of RFC 6839. */
const JSON_TYPE = /^(?:(?:application|text)\/(?:x-)?json|[^/]+\/[^/]+\+json)$/

/**
 * What an application sends, as octets or text with its content type: strings and bytes as they are, all else as JSON.
 *
 * @throws FST_STOMP_INVALID_BODY
 */
export function encodeContent (value: unknown): { body: Body, contentType: string } {
  if (typeof value === 'string') return { body: Body.from(value), contentType: 'text/plain;charset=UTF-8' }
  const bytes = bytesOf(value)
  if (bytes !== null) return { body: Body.from(bytes), contentType: 'application/octet-stream' }
  return { body: Body.from(jsonOf(value)), contentType: 'application/json;charset=UTF-8' }
}

function bytesOf (value: unknown): Uint8Array | null {
  if (value instanceof Uint8Array) return value
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  return value instanceof ArrayBuffer || value instanceof SharedArrayBuffer ? new Uint8Array(value) : null
}

function jsonOf (value: unknown): string {
  const problem = problemOf(value)
  if (problem !== null) throw mistake(new stompErrors.InvalidBody(`${problem} has no JSON form`))
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (error) {
    // A bigint, a circle, or a toJSON that throws.
    throw mistake(new stompErrors.InvalidBody(`the value has no JSON form: ${(error as Error | undefined)?.message ?? String(error)}`, { cause: error }))
  }
  if (text === undefined) throw mistake(new stompErrors.InvalidBody(`${shown(value)} has no JSON form`))
  return text
}

/** Values of which JSON would silently make `{}` or `null` (R11). */
function problemOf (value: unknown): string | null {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (isPromise(value)) return 'a promise, which must be awaited first,'
  if (value instanceof Map || value instanceof Set || value instanceof WeakMap || value instanceof WeakSet) return `a ${value.constructor.name}`
  return null
}

/** What a route takes a body for: what its option says, else what the content type says, and JSON without one. */
export type BodyKind = 'json' | 'text' | 'bytes'

/**
 * The body that a client has sent, decoded by the charset of its content type. Keys that would reach into a prototype are
 * refused (SEC-S60).
 *
 * @throws FST_STOMP_INVALID_BODY
 */
export function decodeContent (body: Body, headers: FrameHeaders, wanted?: BodyKind): unknown {
  const type = contentTypeOf(headers)
  const kind = wanted ?? kindOf(type)
  if (kind === 'bytes') return body.bytes
  const text = textOf(body, type?.charset)
  if (kind === 'text') return text
  if (text === '') return undefined
  try {
    return secureJson.parse(text, { protoAction: 'error', constructorAction: 'error' })
  } catch {
    throw new stompErrors.InvalidBody(type === undefined ? 'the body is not JSON; send content-type text/plain with plain text, or set body: \'text\' on the route' : 'the body is not JSON')
  }
}

function kindOf (type: ContentType | undefined): BodyKind {
  if (type === undefined || JSON_TYPE.test(type.essence)) return 'json'
  return type.essence.startsWith('text/') ? 'text' : 'bytes'
}
