import { EventEmitter } from 'node:events'
import type { Server } from 'node:http'
import fastifyWebsocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import type { WebSocketServer } from 'ws'
import { errors } from '../errors.ts'
import { rememberUpgrade, UpgradeGate, upgradeOf, type UpgradeRoute } from '../transports/index.ts'
import type { Endpoint } from './endpoint.ts'
import { judgeUpgrade, restOf } from './routes/admission.ts'
import { chooseProtocol } from './routes/websockets.ts'

/**
 * Puts `@fastify/websocket` behind our gate: with a `ws` server of this endpoint's own, or, when the application has
 * registered it before, with the application's.
 */
export async function serveWebSockets (scope: FastifyInstance, endpoint: Endpoint, depth: number): Promise<void> {
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
