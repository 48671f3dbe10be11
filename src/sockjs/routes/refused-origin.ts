import type { FastifyRequest } from 'fastify'
import { shorten } from '../../core/shorten.ts'
import type { Endpoint } from '../endpoint/endpoint.ts'
import { originOf, ownOrigin } from '../endpoint/origins.ts'

/** Logs a refused origin, with the server's own origin and the option that would accept it. */
export function tellOfOrigin (endpoint: Endpoint, request: FastifyRequest): void {
  const origin = originOf(request)
  const own = ownOrigin(request)
  const facts = { origin: shorten(origin), ownOrigin: shorten(own), option: 'origins' }
  if (origin === '') endpoint.tell('no origin', request.log, { ...facts, site: request.headers['sec-fetch-site'] })
  else endpoint.tell(origin.toLowerCase() === own.replace(/^http:/, 'https:') ? 'scheme' : 'origin', request.log, facts, origin)
}
