import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'

/** The types that clients send. With this list Fastify finds their parser at once. */
const USUAL: readonly string[] = ['text/plain', 'application/x-www-form-urlencoded', 'application/json', 'application/xml']

/** Types that Fastify certainly accepts. */
const VALID = /^[\w.+-]+\/[\w.+-]+(?: ?; ?charset=[\w-]+)?$/

/**
 * Lets each body reach the route as bytes, because it is JSON text under every content type.
 *
 * Fastify refuses too large ones while they arrive (XHR-SEND-10).
 */
export function parseAnyBody (scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser([...USUAL, '*'], { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

/**
 * Lets Fastify choose a parser for a request without a valid content type, which it would refuse (XHR-SEND-2, XHR-SEND-3).
 *
 * Fastify reads the header within `parse`. The hooks of the application before and after it read the header that the client sent. Only a
 * hook `onError`, for a length that Fastify refuses at once, also runs within `parse`.
 */
export function withValidType ({ headers, method }: IncomingMessage, parse: () => void): void {
  const given = headers['content-type']
  // Without a body Fastify parses nothing, and the next hooks run within `parse`.
  if (method !== 'POST' || (given !== undefined && VALID.test(given))) return parse()
  headers['content-type'] = USUAL[0]!
  try {
    parse()
  } finally {
    if (given === undefined) delete headers['content-type']
    else headers['content-type'] = given
  }
}
