import type { FastifyRequest } from 'fastify'
import type { TransportName } from '../../protocol/index.ts'
import type { SessionFacts } from '../../session/index.ts'
import type { Endpoint } from '../endpoint.ts'
import { shownHeaders, userKeyOf } from '../identity.ts'
import { originOf } from '../origins.ts'

/**
 * Gathers what a session will know of its client, the answer of the `session` option included. What that
 * throws refuses the session, on every transport.
 */
export async function openingFacts (endpoint: Endpoint, request: FastifyRequest, transport: TransportName, protocol: string): Promise<SessionFacts<unknown, unknown>> {
  const { options } = endpoint
  const setup = options.session === undefined ? undefined : await options.session(request)
  return {
    transport,
    protocol,
    user: setup?.user ?? options.user(request),
    attributes: setup?.attributes ?? {},
    ip: request.ip,
    url: shownUrl(endpoint.path, request.raw.url ?? ''),
    prefix: endpoint.path,
    headers: shownHeaders(request),
    userKey: userKeyOf(request, options),
    origin: originOf(request)
  }
}

/** A URL of ours without the ids that the client chose; they are the key to its session (SESSION-21). */
export function shownUrl (prefix: string, url: string): string {
  const query = url.indexOf('?')
  const path = query < 0 ? url : url.slice(0, query)
  const segments = path.slice(prefix.length).split('/')
  const shown = segments.length === 4 ? `${prefix}/:server/:session/${segments[3]!}` : path
  return query < 0 ? shown : shown + url.slice(query)
}
