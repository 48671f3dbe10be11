import type { Address } from './address.ts'
import type { SockJSOptions } from './options.ts'
import { request } from './request.ts'

/** The time that `/info` has, in milliseconds, as in sockjs-client. */
const PATIENCE = 8000

/** The fields of `/info`. They have any type, because any server may answer. */
export interface Info {
  readonly websocket?: unknown
  readonly base_url?: unknown
  /** The time for which the server keeps a session without a connection, in milliseconds. */
  readonly resume?: unknown
}

/** The answer to `/info`. */
export interface Answer {
  /** The fields, or `null` without an answer. Then the client does not connect. */
  readonly info: Info | null
  /** The time after which one round trip is late, in milliseconds. */
  readonly rto: number
  /** The pause that the server asked for by `Retry-After`, in milliseconds. */
  readonly retryAfter: number | undefined
}

/** Asks an endpoint about itself, and measures the round trip. */
export async function askInfo (options: SockJSOptions, { base, query }: Address, controller: AbortController): Promise<Answer> {
  const begun = Date.now()
  const timer = setTimeout(() => controller.abort(), PATIENCE)
  let info = null
  let retryAfter: number | undefined
  try {
    const response = await request(options, controller.signal, 'GET', `${base}/info${query}`)
    // A date makes no number.
    retryAfter = Number(response.headers.get('retry-after')) * 1000 || undefined
    const text = await response.text()
    if (response.ok) {
      // As in sockjs-client, a text that is not an object says nothing.
      info = {}
      info = Object(JSON.parse(text))
    }
  } catch {
    // The endpoint cannot be reached, or its answer is broken.
  }
  clearTimeout(timer)
  const rtt = Date.now() - begun
  // The formula of sockjs-client, after RFC 2988.
  return { info, retryAfter, rto: rtt > 100 ? 4 * rtt : 300 + rtt }
}
