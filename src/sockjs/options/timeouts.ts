import type { FastifyInstance } from 'fastify'

/**
 * Warns of a server without `headersTimeout` (SEC-S23).
 *
 * The routes have deadlines of their own, but the head of a request comes before any route. `requestTimeout` is 0 in every application that
 * does not set it, so a warning about it would come always.
 */
export function warnOfTimeouts (app: FastifyInstance): void {
  const { headersTimeout } = app.server as { headersTimeout?: number }
  if (headersTimeout !== 0) return
  app.log.warn({ headersTimeout }, 'headersTimeout of the server is 0, so a client that never ends the head of its request keeps its connection for ever. See docs/security.md, Timeouts of the server')
}
