import { type IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { announcesBody } from '../transports/index.ts'

const UPGRADE = Symbol('fastify-sockjs.upgrade')

/** The connection of a WebSocket handshake, kept with its request while hooks and routes run. */
export interface Upgrade {
  readonly socket: Socket
  readonly head: Buffer
  /** Carries a refusal. `null` where `injectWS` of `@fastify/websocket` made the request. */
  readonly response: ServerResponse | null
  /** The subprotocol that the 101 names; empty for none. */
  protocol: string
  /** The cookies that the 101 sets: hooks and options put them on a reply that the upgrade never sends. */
  cookies: readonly string[]
  /** True once a WebSocket owns the socket. A request that ends before was refused. */
  taken: boolean
}

type UpgradeRequest = IncomingMessage & { [UPGRADE]?: Upgrade }

/** The handshake that a request belongs to; `undefined` for a plain request. */
export function upgradeOf (request: IncomingMessage): Upgrade | undefined {
  return (request as UpgradeRequest)[UPGRADE]
}

export function rememberUpgrade (request: IncomingMessage, socket: Socket, head: Buffer, response: ServerResponse | null): Upgrade {
  const upgrade: Upgrade = { socket, head, response, protocol: '', cookies: [], taken: false }
  ;(request as UpgradeRequest)[UPGRADE] = upgrade
  return upgrade
}

/** A WebSocket owns the socket from now on, its errors included. The response must not live as long as the connection. */
export function takeUpgrade (upgrade: Upgrade): void {
  upgrade.taken = true
  upgrade.socket.removeListener('error', destroy)
  upgrade.response?.detachSocket(upgrade.socket)
}

/** Node takes its own listener off before it announces an upgrade: without one, a reset ends the process (SEC-S02). */
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
 * Tells whether a request is a WebSocket handshake (RFC 6455, section 4.1; drafts 75 and 76 agree). A request with a body is none:
 * the body would be read as frames (SEC-S72).
 */
export function isHandshake (request: IncomingMessage): boolean {
  return request.method === 'GET' && request.headers.upgrade?.toLowerCase() === 'websocket' && !announcesBody(request)
}

/**
 * Gives an upgrade request a response, so that it can be routed as any other request. A response that is complete was a refusal:
 * the connection ends with it, and nothing behind it is read (SEC-S01, SEC-S72).
 *
 * @returns `null` where an earlier response is under way on the connection, which a client of WebSocket never lets happen.
 */
export function respondTo (request: IncomingMessage, socket: Socket, head: Buffer): ServerResponse | null {
  const response = new ServerResponse(request)
  try {
    response.assignSocket(socket)
  } catch {
    return null
  }
  response.setHeader('Connection', 'close')
  const upgrade = rememberUpgrade(request, socket, head, response)
  response.once('finish', () => {
    // The streams of `injectWS` belong to its caller.
    if (!upgrade.taken && socket instanceof Socket) socket.destroySoon()
  })
  return response
}

/** Tells whether an earlier response is under way on a connection. */
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
