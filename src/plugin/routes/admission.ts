import type { FastifyReply, FastifyRequest } from 'fastify'
import { parseTarget, type Target } from '../../protocol/index.ts'
import { upgradeOf, type UpgradeVerdict } from '../../transports/index.ts'
import type { Endpoint } from '../endpoint.ts'
import { beginExchange } from '../exchange.ts'
import { sendClosing, sendPreflight, sendText, setCors, setSessionCookie, setVaryOrigin } from '../headers.ts'
import { IncomingBody } from '../incoming-body.ts'
import { isServed, type RouteSpec, ROUTES, SENDERS } from './table.ts'

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

/** Whether a request goes on, or has its answer. */
type Verdict = boolean | Promise<boolean>

/** One condition on the way in; answers the request itself where it is not met. */
type Step = (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply, target: Target, spec: RouteSpec) => Verdict

/** In the order of URL-6: 404 has been answered already, then come 405 and 403. */
const STEPS: readonly Step[] = [
  function method (_endpoint, request, reply, _target, { methods }) {
    if (methods.includes(request.method)) return true
    return answered(reply.code(405).header('allow', methods.join(', ')).send())
  },

  function host ({ options: { allowedHosts } }, request, reply) {
    if (allowedHosts === undefined || allowedHosts.some((name) => name.toLowerCase() === request.hostname.toLowerCase())) return true
    return answered(sendText(reply, 403, 'Host not allowed.\n'))
  },

  function origin (endpoint, request, reply, _target, { origin }) {
    if (origin === 'open' && upgradeOf(request.raw) === undefined) return true
    const judge = (allowed: boolean): boolean => {
      if (allowed) {
        setCors(request, reply, endpoint.options)
        return true
      }
      setVaryOrigin(reply)
      return answered(sendText(reply, 403, 'Origin not allowed.\n'))
    }
    const allowed = endpoint.origins.allows(request, origin !== 'checked if present')
    return typeof allowed === 'boolean' ? judge(allowed) : allowed.then(judge)
  },

  function preflight ({ options }, request, reply, _target, { methods }) {
    if (request.method !== 'OPTIONS') return true
    return answered(sendPreflight(request, reply, options, methods.toReversed().join(', ')))
  },

  function closing ({ hub }, _request, reply) {
    return hub.closing ? answered(sendClosing(reply)) : true
  },

  function cookie (endpoint, request, reply, _target, spec) {
    if (!spec.cookie) return true
    return setSessionCookie(endpoint, request, reply)?.then(() => true) ?? true
  },

  function encoding (_endpoint, request, reply, target) {
    if (!SENDERS.has(target.route) || isIdentity(request.headers['content-encoding'])) return true
    return answered(sendText(reply, 415, 'Compressed bodies are not accepted.\n'))
  },

  function begin ({ hub }, request, reply, target) {
    // Fastify chooses a parser by the content type, and knows no parser for some that clients really send.
    const contentType = request.headers['content-type'] ?? ''
    request.raw.headers['content-type'] = 'text/plain'
    const body = request.method === 'POST' ? IncomingBody.of(request.raw, reply.raw, hub.bodies, hub.clock) : null
    beginExchange(request, target, contentType, body)
    return true
  }
]

function answered (_reply: FastifyReply): false {
  return false
}

function isIdentity (encoding: string | undefined): boolean {
  return encoding === undefined || encoding === '' || encoding.toLowerCase() === 'identity'
}

/**
 * The first hook of every route: reads the URL and refuses what cannot go on. Hooks of the application's scope have run before
 * it. It runs for every message of a client, so there is no promise in it unless the application asks for one.
 */
export function admission (endpoint: Endpoint, depth: number) {
  return function admit (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
    const target = targetOf(endpoint, restOf(request.raw.url ?? '', depth))
    if (target === null) {
      sendText(reply, 404, 'Not found.\n')
      return
    }
    const spec = ROUTES[target.route]
    const walk = (from: number): Verdict => {
      for (let i = from; i < STEPS.length; i++) {
        const verdict = STEPS[i]!(endpoint, request, reply, target, spec)
        if (verdict === false) return false
        if (verdict !== true) return verdict.then((on) => on && walk(i + 1))
      }
      return true
    }
    const verdict = walk(0)
    if (verdict === true) done()
    else if (verdict !== false) verdict.then((on) => { if (on) done() }, done)
  }
}
