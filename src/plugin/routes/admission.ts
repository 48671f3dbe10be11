import type { FastifyReply, FastifyRequest } from 'fastify'
import { parseTarget, type RouteName, type Target } from '../../protocol/index.ts'
import { isDraftRequest, upgradeOf } from '../../transports/index.ts'
import type { Endpoint } from '../endpoint.ts'
import { beginExchange } from '../exchange.ts'
import { sendClosing, sendPreflight, sendText, setCors, setSessionCookie, setVaryOrigin } from '../headers.ts'
import { IncomingBody } from '../incoming-body.ts'
import { tellOfOrigin } from '../origins.ts'
import { cutText } from '../refusals.ts'
import { restOf } from './rest.ts'
import { isServed, type RouteSpec, ROUTES, SENDERS } from './table.ts'
import { NOT_A_WEBSOCKET } from './websockets.ts'

/** Whether a request goes on, or has its answer. */
type Verdict = boolean | Promise<boolean>

/** One condition on the way in; answers the request itself where it is not met. */
interface Step {
  /** Whether requests for a route have to be asked at all; decided once, at registration. */
  readonly concerns?: (endpoint: Endpoint, spec: RouteSpec, route: RouteName) => boolean
  readonly check: (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply, target: Target, spec: RouteSpec) => Verdict
}

/** WS-14, WS-15, GREETING-4, INFO-15: a handshake is welcome where there is a WebSocket, in a version that we speak. */
const handshake: Step = {
  check ({ options }, request, reply, { route }) {
    if (upgradeOf(request.raw) === undefined) return true
    if (!(route === 'websocket' || route === 'rawWebsocket' || (route === 'greeting' && options.rawAtBase))) return answered(sendText(reply, 400, NOT_A_WEBSOCKET))
    // `injectWS` writes a number.
    const version = String(request.headers['sec-websocket-version'])
    if (version === '13' || version === '8' || (options.allowDrafts && isDraftRequest(request.raw))) return true
    return answered(sendText(reply.header('sec-websocket-version', '13, 8'), 426, 'WebSocket version not supported.\n'))
  }
}

const method: Step = {
  check (_endpoint, request, reply, _target, { methods }) {
    if (methods.includes(request.method)) return true
    return answered(reply.code(405).header('allow', methods.join(', ')).send())
  }
}

const host: Step = {
  concerns: ({ options }) => options.allowedHosts !== undefined,
  check (endpoint, request, reply) {
    const { allowedHosts } = endpoint.options
    if (allowedHosts!.some((name) => name.toLowerCase() === request.hostname.toLowerCase())) return true
    endpoint.tell('hostname', request.log, { host: cutText(request.host) }, request.host)
    return answered(sendText(reply, 403, 'Host not allowed.\n'))
  }
}

const origin: Step = {
  check (endpoint, request, reply, _target, { origin }) {
    if (origin === 'open' && upgradeOf(request.raw) === undefined) return true
    const allowed = endpoint.origins.allows(request, origin !== 'checked if present')
    return typeof allowed === 'boolean'
      ? judgeOrigin(endpoint, request, reply, allowed)
      : allowed.then((allowed) => judgeOrigin(endpoint, request, reply, allowed))
  }
}

const preflight: Step = {
  concerns: (_endpoint, { methods }) => methods.includes('OPTIONS'),
  check ({ options }, request, reply, _target, { methods }) {
    if (request.method !== 'OPTIONS') return true
    return answered(sendPreflight(request, reply, options, methods.toReversed().join(', ')))
  }
}

const closing: Step = {
  // A client that comes back is told how its session has ended (SESSION-23). A handshake always asks for a new session.
  check (endpoint, request, reply, { session }) {
    const { hub } = endpoint
    const refused = upgradeOf(request.raw) === undefined ? hub.closing && endpoint.find(session) === undefined : hub.draining
    return refused ? answered(sendClosing(reply)) : true
  }
}

const cookie: Step = {
  concerns: ({ options }, { cookie }) => cookie && options.sessionCookie !== false,
  check: (endpoint, request, reply) => setSessionCookie(endpoint, request, reply)?.then(() => true) ?? true
}

const encoding: Step = {
  concerns: (_endpoint, _spec, route) => SENDERS.has(route),
  check (endpoint, request, reply) {
    if (isIdentity(request.headers['content-encoding'])) return true
    endpoint.tell('compressed', request.log)
    return answered(sendText(reply, 415, 'Compressed bodies are not accepted.\n'))
  }
}

/** Keeps Node from cutting a silent connection: it cuts only if no listener for `timeout` is there. */
function stay (): void {}

/**
 * SEC-S23: `connectionTimeout` ends unused connections. A receiver that waits for messages is silent until the next heartbeat, and
 * a sender that the session holds back is silent until the application reads on. Both have deadlines of their own.
 */
const silence: Step = {
  concerns: ({ hub }) => hub.cutsSilence,
  check (_endpoint, _request, reply) {
    reply.raw.on('timeout', stay)
    return true
  }
}

const begin: Step = {
  check ({ hub }, request, reply, target) {
    const body = request.method === 'POST' ? IncomingBody.of(request.raw, reply.raw, hub.bodies, hub.clock) : null
    beginExchange(request, target, body)
    return true
  }
}

/** In the order of URL-6: 404 has been answered already, then come 405 and 403. */
const STEPS: readonly Step[] = [handshake, method, host, origin, preflight, closing, cookie, encoding, silence, begin]

function judgeOrigin (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply, allowed: boolean): boolean {
  if (allowed) {
    setCors(request, reply, endpoint.options)
    return true
  }
  tellOfOrigin(endpoint, request)
  setVaryOrigin(reply)
  return answered(sendText(reply, 403, 'Origin not allowed.\n'))
}

function answered (_reply: FastifyReply): false {
  return false
}

function isIdentity (encoding: string | undefined): boolean {
  return encoding === undefined || encoding === '' || encoding.toLowerCase() === 'identity'
}

/** The way in for the requests of one route. */
interface Way {
  readonly spec: RouteSpec
  readonly steps: readonly Step[]
}

/** Those of the routes that the endpoint serves. */
function waysInto (endpoint: Endpoint): ReadonlyMap<string, Way> {
  const served = Object.entries(ROUTES).filter(([, spec]) => isServed(spec, endpoint.options.transports))
  return new Map(served.map(([route, spec]) => [route, {
    spec,
    steps: STEPS.filter(({ concerns }) => concerns === undefined || concerns(endpoint, spec, route as RouteName))
  }]))
}

/** Walks on from step to step, and waits only where a step does. */
function walk (way: Way, from: number, endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply, target: Target): Verdict {
  for (let i = from; i < way.steps.length; i++) {
    const verdict = way.steps[i]!.check(endpoint, request, reply, target, way.spec)
    if (verdict === false) return false
    if (verdict !== true) return verdict.then((on) => on && walk(way, i + 1, endpoint, request, reply, target))
  }
  return true
}

/**
 * The first hook of every route: reads the URL and refuses what cannot go on. Hooks of the application's scope have run before
 * it. It runs for every message of a client, so there is neither promise nor closure in it unless the application asks for one.
 */
export function admission (endpoint: Endpoint) {
  const ways = waysInto(endpoint)
  return function admit (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
    const rest = restOf(request)
    const target = rest === null ? null : parseTarget(rest, endpoint.options.maxSessionIdLength)
    const way = target === null ? undefined : ways.get(target.route)
    if (target === null || way === undefined) {
      sendText(reply, 404, 'Not found.\n')
      return
    }
    const verdict = walk(way, 0, endpoint, request, reply, target)
    if (verdict === true) done()
    else if (verdict !== false) verdict.then((on) => { if (on) done() }, done)
  }
}
