import type { Headers } from './frame.ts'

/** Decodes a body: a text by its content type, else JSON if it is JSON. An empty body is `undefined`. */
export function decodeBody (headers: Headers, body: string): any {
  if (!body) return
  if (!/^text\/(?!json)/.test(headers['content-type']!)) {
    try {
      return JSON.parse(body)
    } catch {
      // A text.
    }
  }
  return body
}
