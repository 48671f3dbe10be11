import type { FastifyReply, FastifyRequest } from 'fastify'
import { shorten } from '../../core/shorten.ts'
import type { Endpoint } from '../endpoint/endpoint.ts'
import { parseTarget, type RouteName, type Target } from '../protocol/index.ts'
import { beginRequest } from '../request/request-state.ts'
import { refuseWhileClosing, sendPreflight, sendText, setCors, setSessionCookie, setVaryOrigin } from '../request/responses.ts'
import { restOf } from '../request/rest-of-path.ts'
import { IncomingBody, isDraftRequest } from '../transports/index.ts'
import { NOT_A_WEBSOCKET } from '../upgrade/accept.ts'
import { upgradeOf } from '../upgrade/upgrade.ts'
import { tellOfOrigin } from './refused-origin.ts'
import { isServed, ROUTES, type RouteSpec, UPSTREAM } from './table.ts'

/** The result of a step: true if the request goes on, false if it has its answer. */
type GoesOn = boolean | Promise<boolean>

/** One step before the handler of a route. It returns whether the request goes on; else it has answered the request. */
interface RouteStep {
  /** Tells whether the step concerns a route. It is decided once, at registration. */
  readonly concerns?: (endpoint: Endpoint, spec: RouteSpec, route: RouteName) => boolean
  readonly run: (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply, target: Target, spec: RouteSpec) => GoesOn
}

/** Remembers that a client tries a WebSocket. If another transport opens its session, the attempt was refused or broke. */
const attempt: RouteStep = {
  concerns: ({ fallbacks }, _spec, route) => fallbacks !== null && route === 'websocket',
  run ({ fallbacks }, request) {
    fallbacks!.attempted(request, upgradeOf(request.raw) !== undefined)
    return true
  }
}

/** Accepts a handshake for the URL of a WebSocket, in a version that the server knows (WS-14, WS-15, GREETING-4, INFO-15). */
const handshake: RouteStep = {
  run (endpoint, request, reply, { route }) {
    const { options } = endpoint
    if (upgradeOf(request.raw) === undefined) return true
    if (!(route === 'websocket' || route === 'rawWebsocket' || (route === 'greeting' && options.rawAtBase))) return answered(sendText(reply, 400, NOT_A_WEBSOCKET))
    // `injectWS` writes a number.
    const version = String(request.headers['sec-websocket-version'])
    if (version === '13' || version === '8' || (options.allowDrafts && isDraftRequest(request.raw))) return true
    endpoint.tell('version', request.log, { version: shorten(version) }, version)
    return answered(sendText(reply.header('sec-websocket-version', '13, 8'), 426, 'WebSocket version not supported.\n'))
  }
}

const method: RouteStep = {
  run (_endpoint, request, reply, _target, { methods }) {
    if (methods.includes(request.method)) return true
    return answered(reply.code(405).header('allow', methods.join(', ')).send())
  }
}

const host: RouteStep = {
  concerns: ({ options }) => options.allowedHosts !== undefined,
  run (endpoint, request, reply) {
    const { allowedHosts } = endpoint.options
    if (allowedHosts!.some((name) => name.toLowerCase() === request.hostname.toLowerCase())) return true
    endpoint.telemetry.refused('host')
    endpoint.tell('hostname', request.log, { host: shorten(request.host) }, request.host)
    return answered(sendText(reply, 403, 'Host not allowed.\n'))
  }
}

const origin: RouteStep = {
  run (endpoint, request, reply, _target, { origin }) {
    if (origin === 'open' && upgradeOf(request.raw) === undefined) return true
    const allowed = endpoint.origins.allows(request, origin !== 'checked if present')
    return typeof allowed === 'boolean'
      ? judgeOrigin(endpoint, request, reply, allowed)
      : allowed.then((allowed) => judgeOrigin(endpoint, request, reply, allowed))
  }
}

const preflight: RouteStep = {
  concerns: (_endpoint, { methods }) => methods.includes('OPTIONS'),
  run ({ options }, request, reply, _target, { methods }) {
    if (request.method !== 'OPTIONS') return true
    return answered(sendPreflight(request, reply, options, methods.toReversed().join(', ')))
  }
}

const closing: RouteStep = {
  // A client that comes back gets the end of its session (SESSION-23). A handshake always asks for a new session.
  run (endpoint, request, reply, { session }) {
    const { registration } = endpoint
    const isUpgrade = upgradeOf(request.raw) !== undefined
    // A client that would get 503 from a node on which its session does not live would give up.
    const isUnknown = registration.node === null && registration.closing && endpoint.find(session) === undefined
    const refused = isUpgrade ? registration.refusing : isUnknown
    return refused ? answered(refuseWhileClosing(endpoint, reply)) : true
  }
}

/** Lets the connections of a load balancer end, so that it opens none of them anew when this node stops. */
const leaving: RouteStep = {
  concerns: ({ registration }) => registration.node !== null,
  run ({ registration }, request, reply) {
    // HTTP/2 has no such header (RFC 9113, section 8.2.2).
    if (registration.draining && request.raw.httpVersionMajor === 1) reply.header('connection', 'close')
    return true
  }
}

const cookie: RouteStep = {
  concerns: ({ options }, { cookie }) => cookie && options.sessionCookie !== false,
  run: (endpoint, request, reply) => setSessionCookie(endpoint, request, reply)?.then(() => true) ?? true
}

const encoding: RouteStep = {
  concerns: (_endpoint, _spec, route) => UPSTREAM.has(route),
  run (endpoint, request, reply) {
    if (isIdentity(request.headers['content-encoding'])) return true
    endpoint.tell('compressed', request.log)
    return answered(sendText(reply, 415, 'Compressed bodies are not accepted.\n'))
  }
}

/** Keeps Node from cutting a silent connection. Node cuts it only if `timeout` has no listener. */
function stay (): void {}

/**
 * Keeps `connectionTimeout` of the server from cutting connections that are in use (SEC-S23).
 *
 * A receiver that waits for messages is silent until the next heartbeat. A request that the session holds back is silent until the
 * application reads on. Both have deadlines of their own.
 */
const silence: RouteStep = {
  concerns: ({ registration }) => registration.cutsSilence,
  run (_endpoint, _request, reply) {
    reply.raw.on('timeout', stay)
    return true
  }
}

const begin: RouteStep = {
  run ({ registration }, request, reply, target) {
    const body = request.method === 'POST' ? IncomingBody.of(request.raw, reply.raw, registration.bodies, registration.clock) : null
    beginRequest(request, target, body)
    return true
  }
}

/** The steps in the order of URL-6: 404 has been answered already, then come 405 and 403. */
const STEPS: readonly RouteStep[] = [attempt, handshake, method, host, origin, preflight, leaving, closing, cookie, encoding, silence, begin]

function judgeOrigin (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply, allowed: boolean): boolean {
  if (allowed) {
    setCors(request, reply, endpoint.options)
    return true
  }
  endpoint.telemetry.refused('origin')
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

/** A route that the endpoint serves, with the steps that concern it. */
interface ServedRoute {
  readonly spec: RouteSpec
  readonly steps: readonly RouteStep[]
}

/** Finds the routes that the endpoint serves. */
function servedRoutes (endpoint: Endpoint): ReadonlyMap<string, ServedRoute> {
  const served = Object.entries(ROUTES).filter(([, spec]) => isServed(spec, endpoint.options))
  return new Map(served.map(([route, spec]) => [route, {
    spec,
    steps: STEPS.filter(({ concerns }) => concerns === undefined || concerns(endpoint, spec, route as RouteName))
  }]))
}

/** Runs the steps one after the other, and waits only if a step waits. */
function runSteps (served: ServedRoute, from: number, endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply, target: Target): GoesOn {
  for (let i = from; i < served.steps.length; i++) {
    const goesOn = served.steps[i]!.run(endpoint, request, reply, target, served.spec)
    if (goesOn === false) return false
    if (goesOn !== true) return goesOn.then((on) => on && runSteps(served, i + 1, endpoint, request, reply, target))
  }
  return true
}

/**
 * The first hook of every route: it reads the URL, and answers requests that cannot go on.
 *
 * Hooks of the application's scope have run before it. It runs for every message of a client, so it makes neither a promise nor a closure,
 * unless the application asks for one.
 */
export function pipeline (endpoint: Endpoint) {
  const routes = servedRoutes(endpoint)
  return function runPipeline (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
    const rest = restOf(request)
    const target = rest === null ? null : parseTarget(rest, endpoint.options.maxSessionIdLength)
    const served = target === null ? undefined : routes.get(target.route)
    if (target === null || served === undefined) {
      sendText(reply, 404, 'Not found.\n')
      return
    }
    const goesOn = runSteps(served, 0, endpoint, request, reply, target)
    if (goesOn === true) done()
    else if (goesOn !== false) goesOn.then((on) => { if (on) done() }, done)
  }
}
