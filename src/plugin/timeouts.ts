import type { FastifyInstance } from 'fastify'

/** Timeouts that belong to the server, and so to the application. */
const TIMEOUTS = ['headersTimeout', 'requestTimeout'] as const

/** SEC-S23: our routes have deadlines of their own; those of the server hold for everything else, the request's head included. */
export function warnOfTimeouts (app: FastifyInstance): void {
  const server = app.server as { headersTimeout?: number, requestTimeout?: number }
  const off = TIMEOUTS.filter((name) => server[name] === 0)
  if (off.length > 0) app.log.warn({ off }, 'the server waits for ever for requests that do not come to an end: see docs/security.md, Timeouts of the server')
}
