import type { FastifyRequest } from 'fastify'
import type { Endpoint } from '../endpoint/endpoint.ts'
import { shownHeaders, userKeyOf } from '../endpoint/identity.ts'
import { originOf } from '../endpoint/origins.ts'
import { checkedSetup } from '../options/answers.ts'
import type { SessionSetup } from '../options/options.ts'
import type { TransportName } from '../protocol/index.ts'
import type { SessionFacts } from '../session/index.ts'
import { requestStateOf } from './request-state.ts'

type Facts = SessionFacts<unknown, unknown>

/**
 * Gathers the facts about the client of a session, and calls the `session` option. The result is a promise only if that option is set.
 *
 * An error that the option throws refuses the session, on every transport.
 */
export function openingFacts (endpoint: Endpoint, request: FastifyRequest, transport: TransportName, protocol: string): Facts | Promise<Facts> {
  const refused = (error: unknown): never => {
    endpoint.telemetry.refused('user')
    throw error
  }
  try {
    const facts = factsOf(endpoint, request, transport, protocol)
    return facts instanceof Promise ? facts.catch(refused) : facts
  } catch (error) {
    return refused(error)
  }
}

function factsOf (endpoint: Endpoint, request: FastifyRequest, transport: TransportName, protocol: string): Facts | Promise<Facts> {
  const { options } = endpoint
  const facts = (setup: SessionSetup<unknown, unknown> | undefined): Facts => ({
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
  })
  const { session } = options
  if (session === undefined) return facts(undefined)
  return Promise.resolve(session(request)).then((setup) => facts(checkedSetup(setup)))
}

function queryOf (url: string): string {
  const at = url.indexOf('?')
  return at < 0 ? '' : url.slice(at)
}
