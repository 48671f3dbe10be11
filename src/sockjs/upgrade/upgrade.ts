import { type IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { announcesBody } from '../transports/index.ts'

const UPGRADE = Symbol('fastify-sockjs.upgrade')

/** The connection of a WebSocket handshake. It stays with its request while hooks and routes run. */
export interface Upgrade {
  readonly socket: Socket
  readonly head: Buffer
  /** The response, for a refusal. It is `null` if `injectWS` of `@fastify/websocket` made the request. */
  readonly response: ServerResponse | null
  /** The subprotocol that the 101 names, or the empty string. */
  protocol: string
  /** The cookies that the 101 sets. Hooks and options put them on a reply, which the upgrade never sends. */
  cookies: readonly string[]
  /** The extensions that the 101 names, with their parameters, or the empty string. */
  extensions: string
  /** True once a WebSocket owns the socket. If the request ends before, it was refused. */
  taken: boolean
}

type UpgradeRequest = IncomingMessage & { [UPGRADE]?: Upgrade }

/** Finds the handshake of a request. The result is `undefined` for a plain request. */
export function upgradeOf (request: IncomingMessage): Upgrade | undefined {
  return (request as UpgradeRequest)[UPGRADE]
}

export function rememberUpgrade (request: IncomingMessage, socket: Socket, head: Buffer, response: ServerResponse | null): Upgrade {
  const upgrade: Upgrade = { socket, head, response, protocol: '', cookies: [], extensions: '', taken: false }
  ;(request as UpgradeRequest)[UPGRADE] = upgrade
  return upgrade
}

/** Gives the socket, with its errors, to a WebSocket. The response must not live as long as the connection. */
export function takeUpgrade (upgrade: Upgrade): void {
  upgrade.taken = true
  upgrade.socket.removeListener('error', destroy)
  upgrade.response?.detachSocket(upgrade.socket)
}

/**
 * Adds a listener for errors.
 *
 * Node removes its own before it announces an upgrade, and without one a reset would end the process (SEC-S02).
 */
export function guardErrors (socket: Duplex): void {
  socket.on('error', destroy)
}

export function unguardErrors (socket: Duplex): void {
  socket.removeListener('error', destroy)
}

function destroy (this: Duplex): void {
  this.destroy()
}

/**
 * Tells whether a request is a WebSocket handshake (RFC 6455, section 4.1; drafts 75 and 76 agree).
 *
 * A request with a body is not, because the body would be read as frames (SEC-S72).
 */
export function isHandshake (request: IncomingMessage): boolean {
  return request.method === 'GET' && request.headers.upgrade?.toLowerCase() === 'websocket' && !announcesBody(request)
}

/**
 * Gives an upgrade request a response, so that Fastify can route it like any other request.
 *
 * A response that is complete was a refusal. The connection ends with it, and the server reads nothing behind it (SEC-S01, SEC-S72).
 *
 * @returns `null` if an earlier response is still running on the connection. Clients of WebSocket never send such a request.
 */
export function respondTo (request: IncomingMessage, socket: Socket, head: Buffer): ServerResponse | null {
  const response = new ServerResponse(request)
  try {
    response.assignSocket(socket)
  } catch {
    return null
  }
  // A refusal gets `Connection: close` by this. Most handshakes are not refused, and need no list of headers.
  response.shouldKeepAlive = false
  const upgrade = rememberUpgrade(request, socket, head, response)
  response.once('finish', () => {
    // The streams of `injectWS` belong to its caller.
    if (!upgrade.taken && socket instanceof Socket) socket.destroySoon()
  })
  return response
}

/** Tells whether an earlier response is still running on a connection. */
export function isResponding (request: IncomingMessage, socket: Socket): boolean {
  const response = new ServerResponse(request)
  try {
    response.assignSocket(socket)
    response.detachSocket(socket)
    return false
  } catch {
    return true
  }
}
