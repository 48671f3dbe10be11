import type { FastifyReply, FastifyRequest } from 'fastify'
import { parseTarget, type Target } from '../../protocol/index.ts'
import { upgradeOf, type UpgradeVerdict } from '../../transports/index.ts'
import type { Endpoint } from '../endpoint.ts'
import { beginExchange } from '../exchange.ts'
import { sendClosing, sendPreflight, sendText, setCors, setSessionCookie, setVaryOrigin } from '../headers.ts'
import { isServed, ROUTES, SENDERS } from './table.ts'

/** The path of a URL, without its query. */
function pathOf (url: string): string {
  const end = url.indexOf('?')
  return end < 0 ? url : url.slice(0, end)
}

/** What follows the endpoint's prefix in a URL; the prefix is as many segments as the endpoint's path has. */
export function restOf (url: string, depth: number): string {
  const path = pathOf(url)
  let at = 0
  for (let slashes = 0; slashes < depth; slashes++) {
    at = path.indexOf('/', at + 1)
    if (at < 0) return ''
  }
  return path.slice(at)
}

/** Finds out what a URL stands for; `null` for what this endpoint does not serve. */
function targetOf (endpoint: Endpoint, rest: string): Target | null {
  const target = parseTarget(rest, endpoint.options.maxSessionIdLength)
  return target !== null && isServed(ROUTES[target.route], endpoint.options.transports) ? target : null
}

/** How an endpoint answers an upgrade below its prefix. */
export function judgeUpgrade (endpoint: Endpoint, rest: string): UpgradeVerdict {
  if (endpoint.hub.draining) return 'closing'
  const target = targetOf(endpoint, rest)
  if (target === null) return 'not found'
  if (target.route === 'websocket' || target.route === 'rawWebsocket') return 'websocket'
  return target.route === 'greeting' && endpoint.options.rawAtBase ? 'websocket' : 'not a websocket'
}

/**
 * The first hook of every route: reads the URL and refuses what cannot go on, in the order 404, 405, 403 (URL-6).
 * Hooks of the application's scope have run before it.
 */
export function admission (endpoint: Endpoint, depth: number) {
  const { options } = endpoint
  return async function admit (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
    const target = targetOf(endpoint, restOf(request.raw.url ?? '', depth))
    if (target === null) return sendText(reply, 404, 'Not found.\n')
    const spec = ROUTES[target.route]
    if (!spec.methods.includes(request.method)) {
      return reply.code(405).header('allow', spec.methods.join(', ')).send()
    }
    if (options.allowedHosts !== undefined && !options.allowedHosts.some((host) => host.toLowerCase() === request.hostname.toLowerCase())) {
      return sendText(reply, 403, 'Host not allowed.\n')
    }
    if (spec.origin !== 'open' || (upgradeOf(request.raw) !== undefined)) {
      if (!await endpoint.origins.allows(request, spec.origin !== 'checked if present')) {
        setVaryOrigin(reply)
        return sendText(reply, 403, 'Origin not allowed.\n')
      }
      setCors(request, reply, options)
    }
    if (request.method === 'OPTIONS') return sendPreflight(request, reply, options, spec.methods.toReversed().join(', '))
    if (endpoint.hub.closing) return sendClosing(reply)
    if (spec.cookie) await setSessionCookie(endpoint, request, reply)
    if (SENDERS.has(target.route) && !isIdentity(request.headers['content-encoding'])) {
      return sendText(reply, 415, 'Compressed bodies are not accepted.\n')
    }
    // Fastify chooses a parser by the content type, and knows no parser for some that clients really send.
    const contentType = request.headers['content-type'] ?? ''
    request.raw.headers['content-type'] = 'text/plain'
    beginExchange(request, target, contentType)
    if (request.method === 'POST') endpoint.hub.reading(request.raw)
    return undefined
  }
}

function isIdentity (encoding: string | undefined): boolean {
  return encoding === undefined || encoding === '' || encoding.toLowerCase() === 'identity'
}
