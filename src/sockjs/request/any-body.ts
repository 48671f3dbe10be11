import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'

/** The types that clients send: Fastify finds their parser at once. */
const USUAL: readonly string[] = ['text/plain', 'application/x-www-form-urlencoded', 'application/json', 'application/xml']

/** Types that are certainly valid for Fastify. */
const VALID = /^[\w.+-]+\/[\w.+-]+(?: ?; ?charset=[\w-]+)?$/

/** Bodies are JSON text, whatever their content type says, and too large ones are refused while they arrive (XHR-SEND-10). */
export function parseAnyBody (scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser([...USUAL, '*'], { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

/**
 * Lets Fastify choose a parser, although it refuses a content type that is none (XHR-SEND-2, XHR-SEND-3). It looks at the header within
 * `parse`; the hooks of the application, before and after, see the header as the client sent it. Only a hook
 * `onError` for a length that Fastify refuses at once runs within `parse` too.
 */
export function withValidType ({ headers, method }: IncomingMessage, parse: () => void): void {
  const given = headers['content-type']
  // Without a body nothing is parsed, and the next hooks run within `parse`.
  if (method !== 'POST' || (given !== undefined && VALID.test(given))) return parse()
  headers['content-type'] = USUAL[0]!
  try {
    parse()
  } finally {
    if (given === undefined) delete headers['content-type']
    else headers['content-type'] = given
  }
}
