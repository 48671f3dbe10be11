import type { FastifyRequest } from 'fastify'
import type { Endpoint } from '../endpoint/endpoint.ts'
import { shownHeaders, userKeyOf } from '../endpoint/identity.ts'
import { originOf } from '../endpoint/origins.ts'
import { checkedSetup } from '../options/answers.ts'
import type { TransportName } from '../protocol/index.ts'
import type { SessionFacts } from '../session/index.ts'
import { requestStateOf } from './request-state.ts'

/**
 * Gathers the facts about the client of a session, and calls the `session` option.
 *
 * An error that the option throws refuses the session, on every transport.
 */
export async function openingFacts (endpoint: Endpoint, request: FastifyRequest, transport: TransportName, protocol: string): Promise<SessionFacts<unknown, unknown>> {
  try {
    return await factsOf(endpoint, request, transport, protocol)
  } catch (error) {
    endpoint.telemetry.refused('user')
    throw error
  }
}

async function factsOf (endpoint: Endpoint, request: FastifyRequest, transport: TransportName, protocol: string): Promise<SessionFacts<unknown, unknown>> {
  const { options } = endpoint
  const setup = options.session === undefined ? undefined : checkedSetup(await options.session(request))
  return {
    transport,
    protocol,
    user: setup?.user ?? options.user(request),
    attributes: setup?.attributes,
    ip: request.ip,
    path: endpoint.shownPaths[requestStateOf(request).target.route],
    query: queryOf(request.raw.url ?? ''),
    prefix: endpoint.path,
    headers: shownHeaders(request),
    userKey: userKeyOf(request, options),
    origin: originOf(request),
    requestId: request.id
  }
}

function queryOf (url: string): string {
  const at = url.indexOf('?')
  return at < 0 ? '' : url.slice(at)
}
