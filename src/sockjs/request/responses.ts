import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Endpoint } from '../endpoint/endpoint.ts'
import { originOf, schemeOf } from '../endpoint/origins.ts'
import type { ResolvedOptions } from '../options/options.ts'

export const TEXT = 'text/plain; charset=UTF-8'

/** The value of `Cache-Control` on responses that no cache may keep. */
export const NOCACHE = 'no-store, no-cache, no-transform, must-revalidate, max-age=0'

const ONE_YEAR = 31_536_000

/** Lets caches keep a response for a year: a page with its own URL or ETag, or a preflight. */
export function setCache (reply: FastifyReply): void {
  reply.header('cache-control', `public, max-age=${ONE_YEAR}, immutable`)
  reply.header('expires', new Date(Date.now() + ONE_YEAR * 1000).toUTCString())
}

export function setNoCache (reply: FastifyReply): void {
  reply.header('cache-control', NOCACHE)
}

/** Adds `Origin` to `Vary`, and keeps the names that hooks have put there (CORS-7). */
export function setVaryOrigin (reply: FastifyReply): void {
  addVary(reply, 'Origin')
}

function addVary (reply: FastifyReply, name: string): void {
  const vary = reply.getHeader('vary')
  if (vary === undefined) {
    reply.header('vary', name)
    return
  }
  const names = String(vary).split(',').map((each) => each.trim())
  if (names.some((each) => each === '*' || each.toLowerCase() === name.toLowerCase())) return
  reply.header('vary', [...names, name].join(', '))
}

/** Answers CORS for an accepted origin (CORS-1 to CORS-5). Headers that the application has set stay (CORS-12). */
export function setCors (request: FastifyRequest, reply: FastifyReply, options: ResolvedOptions): void {
  setVaryOrigin(reply)
  if (!options.cors || reply.hasHeader('access-control-allow-origin')) return
  const origin = originOf(request)
  if (origin !== '') {
    reply.header('access-control-allow-origin', origin)
    reply.header('access-control-allow-credentials', 'true')
  } else if (options.origins === '*') {
    reply.header('access-control-allow-origin', '*')
  }
}

/** A list of the names of headers, of a length that a browser may send (RFC 9110, 5.6.1). */
const HEADER_NAMES = /^[!#$%&'*+.^_`|~0-9A-Za-z-, \t]{1,4096}$/

/**
 * Answers a preflight of an accepted origin (INFO-5, XHR-1, CORS-6).
 *
 * The page may send any header, because tracing libraries add theirs to every request of a page, and the server reads none of them.
 */
export function sendPreflight (request: FastifyRequest, reply: FastifyReply, options: ResolvedOptions, methods: string): FastifyReply {
  setCache(reply)
  if (options.cors) {
    reply.header('access-control-allow-methods', methods)
    reply.header('access-control-max-age', String(ONE_YEAR))
    const asked = request.headers['access-control-request-headers']
    if (asked) reply.header('access-control-allow-headers', HEADER_NAMES.test(asked) ? asked : 'content-type')
    // A cache between page and server must not answer another preflight, with other names, with this response.
    addVary(reply, 'Access-Control-Request-Headers')
    // The page may be of the public network and the server of a private one: the draft "Private Network Access".
    if (request.headers['access-control-request-private-network'] === 'true') {
      reply.header('access-control-allow-private-network', 'true')
      addVary(reply, 'Access-Control-Request-Private-Network')
    }
  }
  return reply.code(204).send()
}

/** Sends a refusal: plain text that no cache keeps, without details (URL-14, HTTP-8). */
export function sendText (reply: FastifyReply, status: number, text: string): FastifyReply {
  setNoCache(reply)
  return reply.code(status).type(TEXT).send(text)
}

/** Refuses a request while the server closes (SESSION-23). */
export function sendClosing (reply: FastifyReply): FastifyReply {
  return sendText(reply.header('retry-after', '1'), 503, 'Server shutting down.\n')
}

/** Refuses a session while the server closes. */
export function refuseWhileClosing (endpoint: Endpoint, reply: FastifyReply): FastifyReply {
  endpoint.telemetry.refused('draining')
  return sendClosing(reply)
}

/** Refuses a request, because the node that has its session, or the engine, cannot be reached. */
export function sendAway (reply: FastifyReply): FastifyReply {
  return sendText(reply.header('retry-after', '1'), 503, 'Session out of reach.\n')
}

/** Refuses a session, because there are too many (SEC-S17). */
export function sendFull (reply: FastifyReply): FastifyReply {
  return sendText(reply.header('retry-after', '5'), 503, 'Too many sessions.\n')
}

/** The value of a cookie that the server returns unchanged (COOKIE-5). */
const COOKIE_VALUE = /(?:^|;\s*)JSESSIONID=([A-Za-z0-9._-]{1,128})(?:;|$)/

/** Makes the cookie by which load balancers recognise a client (COOKIE-2, COOKIE-3). */
function sessionCookie (request: FastifyRequest): string {
  const value = COOKIE_VALUE.exec(request.headers.cookie ?? '')?.[1] ?? 'dummy'
  const secure = schemeOf(request) === 'https' ? '; HttpOnly; SameSite=None; Secure' : ''
  return `JSESSIONID=${value}; path=/${secure}`
}

/** Sets the cookie of the `sessionCookie` option, or calls the function of the application that sets one. */
export function setSessionCookie ({ options: { sessionCookie: option } }: Endpoint, request: FastifyRequest, reply: FastifyReply): Promise<void> | undefined {
  if (typeof option === 'function') return Promise.resolve(option(request, reply))
  if (option) reply.header('set-cookie', sessionCookie(request))
  return undefined
}
