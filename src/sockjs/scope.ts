import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { WebSocket } from 'ws'
import type { Endpoint } from './endpoint/endpoint.ts'
import type { InjectWebSocket } from './endpoint/injected-websocket.ts'
import type { EndpointOptions } from './options/options.ts'
import { routeOptionsOf } from './options/validate.ts'
import type { RouteName } from './protocol/index.ts'
import type { RemoteSessions } from './remote/index.ts'
import { parseAnyBody } from './request/any-body.ts'
import { cancelWriter, requestStateOf, writeHijacked } from './request/request-state.ts'
import { sendText } from './request/responses.ts'
import { doctor } from './routes/doctor.ts'
import { downstream } from './routes/downstream.ts'
import { resumeElsewhere } from './routes/foreign-sockets.ts'
import { client, embeddedClientScript, greeting, iframe, info } from './routes/pages.ts'
import { pipeline } from './routes/pipeline.ts'
import { beforeBody, upstream } from './routes/upstream.ts'
import { loadDraftDriver } from './transports/index.ts'
import { acceptWebSocket, beforeUpgrade, openUpgrade, refusePlain } from './upgrade/accept.ts'
import { websocketServerOf } from './upgrade/websocket-server.ts'

/** Answers a request, now or later. Fastify only waits for the result. */
type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

const PLACES = [{ url: '/', prefixTrailingSlash: 'no-slash' }, { url: '/*' }] as const

/** All methods that Fastify knows except GET, which carries the upgrade. */
const OTHER_METHODS = ['HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'] as const

/**
 * Makes one endpoint, as an encapsulated scope of Fastify with routes for its prefix and all paths below.
 *
 * The router of Fastify finds the endpoint. The first hook of the scope reads the path below it, so that the package itself answers 405, and
 * ids of any length (URL-12, URL-13).
 */
export function endpointScope (endpoint: Endpoint, remote: RemoteSessions | null, own: EndpointOptions) {
  return async function sockjsEndpoint (scope: FastifyInstance): Promise<void> {
    parseAnyBody(scope)
    scope.addHook('onRoute', (route) => endpoint.sessionLog.follow(route))
    scope.addHook('onRequest', pipeline(endpoint))
    scope.setErrorHandler(errorHandler(endpoint))

    const script = endpoint.options.clientUrl === 'self' ? embeddedClientScript() : null
    const handlers: Record<RouteName, Handler> = {
      greeting,
      info: (request, reply) => info(endpoint, request, reply),
      doctor: (request, reply) => doctor(endpoint, request, reply),
      iframe: iframe(endpoint, script === null ? endpoint.options.clientUrl : scope.prefix + script.path),
      client: client(endpoint, script),
      rawWebsocket: (request, reply) => refusePlain(endpoint, request, reply),
      websocket: (request, reply) => refusePlain(endpoint, request, reply),
      xhr: (request, reply) => downstream(endpoint, remote, request, reply),
      xhr_streaming: (request, reply) => downstream(endpoint, remote, request, reply),
      eventsource: (request, reply) => downstream(endpoint, remote, request, reply),
      htmlfile: (request, reply) => downstream(endpoint, remote, request, reply),
      jsonp: (request, reply) => downstream(endpoint, remote, request, reply),
      xhr_send: (request, reply) => upstream(endpoint, remote, request, reply),
      jsonp_send: (request, reply) => upstream(endpoint, remote, request, reply)
    }
    const handler = (request: FastifyRequest, reply: FastifyReply): Promise<unknown> | undefined => {
      const { target, body } = requestStateOf(request)
      body?.arrived(request.raw)
      const answer = handlers[target.route](request, reply)
      // A promise must resolve to the reply, because otherwise Fastify answers once more. After an answer at once there is no promise.
      return answer instanceof Promise ? answer.then(() => reply) : undefined
    }

    const routeOptions = routeOptionsOf(own)
    // Polls wait and streams last, so that their times would spoil the application's metrics and spans of HTTP.
    const config = { otel: false, disableMetrics: true, ...routeOptions.config }
    const shared = { ...routeOptions, config, schema: { hide: true }, bodyLimit: endpoint.bodyLimit, exposeHeadRoute: false } as unknown as RouteOptions
    // This hook is the last of its kind, so that a hook of the application gets the request as it came.
    const preParsing = [...listOf(own.preParsing), beforeBody(endpoint, remote)]
    const onSend = [...listOf(own.onSend), writeHijacked]
    const preHandler = listOf(own.preHandler)
    const route = { ...shared, handler, preParsing, onSend }
    for (const place of PLACES) scope.route({ ...route, ...place, preHandler, method: [...OTHER_METHODS] } as RouteOptions)
    // These routes have a scope of their own, because the hooks of `@fastify/websocket` would run for every message over HTTP.
    await scope.register(async function webSocketRoutes (upgradable) {
      const server = await websocketServerOf(upgradable, endpoint)
      const drafts = endpoint.options.allowDrafts ? await loadDraftDriver(endpoint.path) : null
      endpoint.injectWS = upgradable.injectWS as unknown as InjectWebSocket
      const accept = acceptWebSocket(endpoint, server, remote === null ? null : resumeElsewhere(endpoint, remote))
      const get = {
        ...route,
        method: 'GET',
        handler: openUpgrade(endpoint, server, drafts, accept, handler),
        // `injectWS` uses this handler, because there `@fastify/websocket` answers the handshake.
        wsHandler: (ws: WebSocket, request: FastifyRequest) => accept(request, ws),
        preHandler: [...preHandler, beforeUpgrade(endpoint)]
      }
      for (const place of PLACES) upgradable.route({ ...get, ...place } as RouteOptions)
    })
  }
}

function listOf<T> (hooks: T | T[] | undefined): T[] {
  if (hooks === undefined) return []
  return Array.isArray(hooks) ? hooks : [hooks]
}

/**
 * Answers errors of the request itself as the protocol demands, without details (HTTP-8).
 *
 * Errors of the application's hooks go to its own error handler.
 */
function errorHandler (endpoint: Endpoint) {
  return function answer (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    cancelWriter(request)
    if (!error.code?.startsWith('FST_ERR_CTP_')) throw error
    if (error.statusCode !== 413) return sendText(reply, error.statusCode ?? 400, 'Bad request.\n')
    endpoint.tell('body', request.log, { limit: endpoint.bodyLimit })
    return sendText(reply, 413, 'Body too large.\n')
  }
}
