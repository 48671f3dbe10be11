import type { FastifyInstance } from 'fastify'

/**
 * SEC-S23: our routes have deadlines of their own, but the head of a request comes before any route. `requestTimeout` is 0 in every
 * application that does not set it, so that nothing can be said about it here.
 */
export function warnOfTimeouts (app: FastifyInstance): void {
  const { headersTimeout } = app.server as { headersTimeout?: number }
  if (headersTimeout !== 0) return
  app.log.warn({ headersTimeout }, 'headersTimeout of the server is 0: a client that never ends the head of its request keeps its connection for ever; see docs/security.md, Timeouts of the server')
}
