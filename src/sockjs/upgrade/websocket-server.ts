import { createServer } from 'node:http'
import fastifyWebsocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import type { WebSocketServer } from 'ws'
import type { Endpoint } from '../endpoint/endpoint.ts'
import { errors } from '../errors.ts'
import { rememberUpgrade, upgradeOf } from './upgrade.ts'

/**
 * Returns the `ws` server that answers the handshakes of an endpoint.
 *
 * If the application has registered `@fastify/websocket` before, it is the application's server, with its options.
 */
export async function websocketServerOf (scope: FastifyInstance, endpoint: Endpoint): Promise<WebSocketServer> {
  if (scope.hasDecorator('websocketServer')) checkForeign(scope.websocketServer as WebSocketServer, endpoint)
  else await registerOwn(scope, endpoint)
  const server = scope.websocketServer as WebSocketServer
  if (!server.listeners('headers').includes(completeHeaders)) server.on('headers', completeHeaders)
  return server
}

async function registerOwn (scope: FastifyInstance, { options, bodyLimit }: Endpoint): Promise<void> {
  // Handshakes of clients come through the gate. This server never listens, and only `injectWS` uses it.
  const server = createServer()
  server.on('upgrade', (request, socket, head) => rememberUpgrade(request, socket as never, head, null))
  await scope.register(fastifyWebsocket, {
    preClose: (done: () => void) => done(),
    options: {
      server,
      maxPayload: bodyLimit,
      perMessageDeflate: deflateOptions(options.websocket.compression),
      clientTracking: false,
      closeTimeout: options.closeTimeout
    } as never
  })
}

/** Makes the options of the compression (SEC-S21). Small messages stay as they are, and `ws` keeps nothing between messages. */
function deflateOptions (compression: boolean | Record<string, unknown>): boolean | object {
  if (compression === false) return false
  return { threshold: 1024, serverNoContextTakeover: true, clientNoContextTakeover: true, concurrencyLimit: 10, ...(compression === true ? {} : compression) }
}

/** Refuses options that a `ws` server of the application cannot have, before the server starts. */
function checkForeign (server: WebSocketServer, { options }: Endpoint): void {
  if (options.websocket.compression !== false) {
    throw new errors.ForeignWebsocketServer('websocket.compression', 'set perMessageDeflate there, or register fastify-sockjs first')
  }
  const { maxPayload } = server.options
  if (maxPayload !== undefined && maxPayload > 0 && maxPayload < options.maxMessageSize) {
    throw new errors.ForeignWebsocketServer('maxMessageSize', 'raise maxPayload there, or register fastify-sockjs first')
  }
}

const PROTOCOL = /^sec-websocket-protocol:/i
const EXTENSIONS = /^sec-websocket-extensions: *(.*)/i

/**
 * Puts the chosen subprotocol (WS-19) and the cookies (WS-25) on the 101, and notes the extensions that `ws` has put there.
 *
 * If several endpoints share a `ws` server, it gets this listener once.
 */
function completeHeaders (headers: string[], request: Parameters<typeof upgradeOf>[0]): void {
  const upgrade = upgradeOf(request)
  if (upgrade === undefined) return
  const at = headers.findIndex((line) => PROTOCOL.test(line))
  if (at >= 0) headers.splice(at, 1)
  for (const line of headers) upgrade.extensions = EXTENSIONS.exec(line)?.[1] ?? upgrade.extensions
  if (upgrade.protocol !== '') headers.push('Sec-WebSocket-Protocol: ' + upgrade.protocol)
  for (const cookie of upgrade.cookies) headers.push('Set-Cookie: ' + cookie)
}
