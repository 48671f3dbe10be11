import secureJson from 'secure-json-parse'
import { isPromise } from '../../core/promise.ts'
import { shown } from '../../core/suggestion.ts'
import { Body, type FrameHeaders } from '../codec/index.ts'
import { mistake, stompErrors } from '../errors.ts'
import { readThrown } from '../session/thrown.ts'
import { type ContentType, contentTypeOf, textOf } from './content-type.ts'

/** The types of JSON: `application/json`, `text/json`, and any type with the suffix of RFC 6839. */
const JSON_TYPE = /^(?:(?:application|text)\/(?:x-)?json|[^/]+\/[^/]+\+json)$/

/** A value of the application, encoded. */
export class Content {
  readonly body: Body
  readonly contentType: string

  constructor (body: string | Uint8Array, contentType: string) {
    this.body = Body.from(body)
    this.contentType = contentType
  }
}

/**
 * Encodes a value that the application sends, with its content type. Strings and bytes go as they are, other values as JSON.
 *
 * @throws FST_STOMP_INVALID_BODY
 */
export function encodeContent (value: unknown): Content {
  if (value instanceof Content) return value
  if (typeof value === 'string') return new Content(value, 'text/plain;charset=UTF-8')
  const bytes = bytesOf(value)
  return bytes === null ? encodeJson(value) : new Content(bytes, 'application/octet-stream')
}

/** @throws FST_STOMP_INVALID_BODY */
export function encodeJson (value: unknown): Content { return jsonContent(jsonOf(value)) }

/** Takes a text that is JSON. */
export function jsonContent (text: string): Content { return new Content(text, 'application/json;charset=UTF-8') }

function bytesOf (value: unknown): Uint8Array | null {
  if (value instanceof Uint8Array) return value
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  return value instanceof ArrayBuffer || value instanceof SharedArrayBuffer ? new Uint8Array(value) : null
}

function jsonOf (value: unknown): string {
  let text: string | undefined
  let problem: string | null
  try {
    problem = problemOf(value)
    if (problem === null) text = JSON.stringify(value)
  } catch (error) {
    // The value is a BigInt, refers to itself, or has code that throws.
    throw mistake(new stompErrors.InvalidBody(`the value has no JSON form: ${readThrown(error).message}`, { cause: error }))
  }
  // A date or a number that is not valid becomes null, and a toJSON may give null, too.
  if (problem === null && (text === undefined || (text === 'null' && value !== null))) problem = shown(value)
  if (problem !== null) throw mistake(new stompErrors.InvalidBody(`${problem} has no JSON form`))
  return text!
}

/** The classes whose values have no JSON form of their own. JSON would silently make `{}` of them. */
const NO_JSON: readonly (abstract new (...args: never[]) => object)[] = [Map, Set, WeakMap, WeakSet, WeakRef, Error, RegExp, Blob]

/** Finds a value of which JSON would silently make `{}` or `null` (R11). A `toJSON` of the application gives a form to any value. */
function problemOf (value: unknown): string | null {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (isPromise(value)) return 'a promise, which must be awaited first,'
  if (typeof value !== 'object' || value === null || typeof (value as { toJSON?: unknown }).toJSON === 'function') return null
  const found = NO_JSON.find((each) => value instanceof each)
  if (found !== undefined) return `a value of the class ${found.name}`
  // An array has an iterator, but is not one.
  return typeof (value as { next?: unknown }).next === 'function' && (Symbol.iterator in value || Symbol.asyncIterator in value) ? 'an iterator' : null
}

/** The kind of body that a route takes. The option decides, else the content type, and a body without one is JSON. */
export type BodyKind = 'json' | 'text' | 'bytes'

/**
 * Decodes the body that a client has sent, by the charset of its content type. Keys that would reach into a prototype are
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
