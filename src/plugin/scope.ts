import { EventEmitter } from 'node:events'
import type { Server } from 'node:http'
import fastifyWebsocket from '@fastify/websocket'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { WebSocket, WebSocketServer } from 'ws'
import { errors } from '../errors.ts'
import { rememberUpgrade, UpgradeGate, upgradeOf, type UpgradeRoute } from '../transports/index.ts'
import type { Endpoint } from './endpoint.ts'
import { cancelTakeover, exchangeOf, handOver } from './exchange.ts'
import { sendText } from './headers.ts'
import type { EndpointOptions } from './options.ts'
import { admission, judgeUpgrade, PARSED_TYPE, restOf } from './routes/admission.ts'
import { client, greeting, iframe, info, loadClientScript } from './routes/pages.ts'
import { receive } from './routes/receivers.ts'
import { beforeBody, send } from './routes/senders.ts'
import { acceptWebSocket, beforeUpgrade, chooseProtocol, openUpgrade, refusePlain } from './routes/websockets.ts'
import type { RouteName } from '../protocol/index.ts'
import { routeOptionsOf } from './validate.ts'

/** Answers a request, now or later; what it returns is only waited for. */
type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

const PLACES = [{ url: '/', prefixTrailingSlash: 'no-slash' }, { url: '/*' }] as const

/** All methods that Fastify knows but GET, which carries the upgrade. */
const OTHER_METHODS = ['HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'] as const

/**
 * One endpoint as an encapsulated scope of Fastify: two wildcard routes below its prefix, our hooks around them.
 * The URL is read by ourselves, so that 405, ids of any length and the exact spelling stay ours (URL-12, URL-13).
 */
export function endpointScope (endpoint: Endpoint, own: EndpointOptions) {
  return async function sockjsEndpoint (scope: FastifyInstance): Promise<void> {
    const depth = scope.prefix.split('/').length - 1
    parseEverything(scope)
    scope.addHook('onRequest', admission(endpoint, depth))
    scope.addHook('preParsing', beforeBody(endpoint) as never)
    scope.setErrorHandler(errorHandler)

    const script = endpoint.options.clientUrl === 'self' ? await loadClientScript() : null
    const handlers: Record<RouteName, Handler> = {
      greeting,
      info: (request, reply) => info(endpoint, request, reply),
      iframe: iframe(endpoint, script === null ? endpoint.options.clientUrl : scope.prefix + script.path),
      client: client(script),
      rawWebsocket: refusePlain,
      websocket: refusePlain,
      xhr: (request, reply) => receive(endpoint, request, reply),
      xhr_streaming: (request, reply) => receive(endpoint, request, reply),
      eventsource: (request, reply) => receive(endpoint, request, reply),
      htmlfile: (request, reply) => receive(endpoint, request, reply),
      jsonp: (request, reply) => receive(endpoint, request, reply),
      xhr_send: (request, reply) => send(endpoint, request, reply),
      jsonp_send: (request, reply) => send(endpoint, request, reply)
    }
    const handler = (request: FastifyRequest, reply: FastifyReply): Promise<unknown> | undefined => {
      const { target, body } = exchangeOf(request)
      body?.arrived()
      const answer = handlers[target.route](request, reply)
      // A promise has to bring the reply: without it Fastify would answer once more. A handler that is through needs neither.
      return answer instanceof Promise ? answer.then(() => reply) : undefined
    }

    const shared = { ...routeOptionsOf(own), schema: { hide: true }, bodyLimit: endpoint.bodyLimit, exposeHeadRoute: false } as unknown as RouteOptions
    const onSend = [...listOf(own.onSend), handOver]
    const preHandler = listOf(own.preHandler)
    const route = { ...shared, handler, onSend }
    for (const place of PLACES) scope.route({ ...route, ...place, preHandler, method: [...OTHER_METHODS] } as RouteOptions)
    // In a scope of its own: the hooks of `@fastify/websocket` would run for every message over HTTP.
    await scope.register(async (upgradable) => {
      await serveWebSockets(upgradable, endpoint, depth)
      const { websocketServer } = upgradable
      endpoint.injectWS = upgradable.injectWS
      const wsHandler = (ws: WebSocket, request: FastifyRequest): void => {
        // A server of the application's own would close our connections before our drain does (SESSION-23).
        websocketServer.clients?.delete(ws)
        acceptWebSocket(endpoint, request, ws)
      }
      // After `@fastify/websocket` has put its own handler around ours: what stands outside comes first.
      upgradable.addHook('onRoute', (route) => { if (route.method === 'GET') route.handler = openUpgrade(endpoint, route.handler as never) as never })
      for (const place of PLACES) {
        upgradable.route({ ...route, ...place, preHandler: [...preHandler, beforeUpgrade(endpoint)], method: 'GET', wsHandler } as RouteOptions)
      }
    })
  }
}

function listOf<T> (hooks: T | T[] | undefined): T[] {
  if (hooks === undefined) return []
  return Array.isArray(hooks) ? hooks : [hooks]
}

/**
 * Bodies are JSON text whatever they are called, and too large ones are refused while they arrive (XHR-SEND-10). Our first hook calls
 * them all `PARSED_TYPE`: a parser that Fastify finds by its name costs it nothing to find.
 */
function parseEverything (scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser([PARSED_TYPE, '*'], { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

/** Ours are answered in the manner of the protocol, without detail (HTTP-8); errors of the application's hooks go to its own handler. */
function errorHandler (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  cancelTakeover(request)
  if (error.code?.startsWith('FST_ERR_CTP_')) return sendText(reply, error.statusCode ?? 400, error.statusCode === 413 ? 'Body too large.\n' : 'Bad request.\n')
  throw error
}

/**
 * Puts `@fastify/websocket` behind our gate: with a `ws` server of this endpoint's own, or, when the application has
 * registered it before, with the application's.
 */
async function serveWebSockets (scope: FastifyInstance, endpoint: Endpoint, depth: number): Promise<void> {
  const gate = UpgradeGate.of(scope.server as Server)
  const foreign = scope.hasDecorator('websocketServer')
  const emitter = new EventEmitter()
  const { options } = endpoint
  const prefix = scope.prefix.split('/')
  const route: UpgradeRoute = {
    prefix,
    allowDrafts: options.allowDrafts,
    judge: (url) => isBelow(url, prefix) ? judgeUpgrade(endpoint, restOf(url, depth)) : null,
    dispatch (request, socket, head) {
      if (foreign) gate.passOn(request, socket, head)
      else emitter.emit('upgrade', request, socket, head)
    }
  }
  gate.add(route)
  scope.addHook('onReady', async () => gate.adoptListeners())
  const rules = {
    maxPayload: endpoint.bodyLimit,
    handleProtocols: (offered: Set<string>) => chooseProtocol(offered, options.protocols)
  }
  if (foreign) {
    shareServer(scope.websocketServer as WebSocketServer, endpoint, rules, (url) => isBelow(url, prefix))
    return
  }
  // `injectWS` comes this way without passing the gate.
  emitter.on('upgrade', (request, socket, head) => { if (upgradeOf(request) === undefined) rememberUpgrade(request, socket, head) })
  await scope.register(fastifyWebsocket, {
    preClose: (done: () => void) => done(),
    options: {
      server: emitter as never,
      ...rules,
      perMessageDeflate: deflateOptions(options.websocket.compression),
      clientTracking: false,
      closeTimeout: options.closeTimeout
    } as never
  })
  addCookies(scope.websocketServer as WebSocketServer)
}

/** SEC-S21: small messages stay as they are, and nothing is kept between messages. */
function deflateOptions (compression: boolean | Record<string, unknown>): boolean | object {
  if (compression === false) return false
  return { threshold: 1024, serverNoContextTakeover: true, clientNoContextTakeover: true, concurrencyLimit: 10, ...(compression === true ? {} : compression) }
}

/** Whether a URL is below the prefix, segment by segment; `:name` in a scope's prefix stands for any segment. */
function isBelow (url: string, prefix: readonly string[]): boolean {
  const end = url.indexOf('?')
  const segments = (end < 0 ? url : url.slice(0, end)).split('/')
  if (segments.length < prefix.length) return false
  return prefix.every((part, i) => part === segments[i] || (part.startsWith(':') && segments[i] !== ''))
}

type HandleProtocols = (offered: Set<string>, request: { url?: string }) => string | false

/** What an endpoint needs of a `ws` server that belongs to the application. */
function shareServer (server: WebSocketServer, endpoint: Endpoint, rules: { maxPayload: number, handleProtocols: (offered: Set<string>) => string | false }, isOurs: (url: string) => boolean): void {
  const { options } = endpoint
  if (options.websocket.compression !== false) {
    throw new errors.ForeignWebsocketServer('websocket.compression', 'set perMessageDeflate there, or register fastify-sockjs first')
  }
  const { maxPayload } = server.options
  if (maxPayload !== undefined && maxPayload > 0 && maxPayload < options.maxMessageSize) {
    throw new errors.ForeignWebsocketServer('maxMessageSize', 'raise maxPayload there, or register fastify-sockjs first')
  }
  const theirs = server.options.handleProtocols as HandleProtocols | null | undefined
  const choose: HandleProtocols = (offered, request) => {
    if (isOurs(request.url ?? '')) return rules.handleProtocols(offered)
    return theirs ? theirs(offered, request) : [...offered][0] ?? false
  }
  server.options.handleProtocols = choose as never
  addCookies(server)
}

/** WS-25: cookies on the 101. */
function addCookies (server: WebSocketServer): void {
  server.on('headers', (headers, request) => {
    for (const cookie of upgradeOf(request)?.cookies ?? []) headers.push('Set-Cookie: ' + cookie)
  })
}
