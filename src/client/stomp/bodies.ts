import { platform } from '../platform.ts'
import { clientError } from './errors.ts'
import type { Headers } from './frame.ts'

/** Encodes a value, with its content type. A text goes as it is, and other values as JSON. */
export function encodeBody (value: unknown): { readonly body?: string, readonly type?: string } {
  if (value === undefined) return {}
  if (typeof value === 'string') return { body: value, type: 'text/plain' }
  const body = JSON.stringify(value)
  if (body === undefined || ArrayBuffer.isView(value)) throw clientError('BAD_ARGUMENT', 'the value has no JSON form')
  return { body, type: 'application/json' }
}

/**
 * Decodes a body by its content type. Without one, it is JSON if it can be.
 *
 * @throws SyntaxError if it should be JSON and is not
 */
export function decodeBody (headers: Headers, body: string): unknown {
  const type = headers['content-type']
  // The form of bytes over SockJS.
  if (headers['content-transfer-encoding'] === 'base64') return Uint8Array.from(platform.atob(body), (character) => character.charCodeAt(0))
  if (!body) return undefined
  if (type && !/\bjson\b/i.test(type)) return body
  try {
    return JSON.parse(body)
  } catch (error) {
    if (type) throw error
    return body
  }
}
