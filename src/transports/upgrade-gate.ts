import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { isDraftRequest } from './draft-receiver.ts'

const GATE = Symbol('fastify-sockjs.gate')
const UPGRADE = Symbol('fastify-sockjs.upgrade')

/** The connection of an upgrade request, kept with the request while hooks and routes run. */
export interface Upgrade {
  readonly socket: Socket
  readonly head: Buffer
  /** The cookies that the 101 sets: hooks and options have put them on the reply that an upgrade never sends. */
  cookies: readonly string[]
  /** True once a WebSocket owns the socket; a request that ends without has been refused. */
  taken: boolean
}

/** A WebSocket owns the socket from now on, its errors included. */
export function takeUpgrade (upgrade: Upgrade): void {
  upgrade.taken = true
  upgrade.socket.removeListener('error', destroy)
}

type UpgradeRequest = IncomingMessage & { [UPGRADE]?: Upgrade }

export function upgradeOf (request: IncomingMessage): Upgrade | undefined {
  return (request as UpgradeRequest)[UPGRADE]
}

export function rememberUpgrade (request: IncomingMessage, socket: Socket, head: Buffer): void {
  (request as UpgradeRequest)[UPGRADE] = { socket, head, cookies: [], taken: false }
}

/** How an endpoint answers an upgrade request, by its URL alone. */
export type UpgradeVerdict = 'websocket' | 'not a websocket' | 'not found' | 'closing'

/** An endpoint, as the gate sees it. */
export interface UpgradeRoute {
  /** The segments of the endpoint's path. Where one endpoint lies below another, the longer path decides. */
  readonly prefix: readonly string[]
  /** `null` when the URL is not below the endpoint's prefix. */
  judge (url: string): UpgradeVerdict | null
  readonly allowDrafts: boolean
  /** Takes the request into Fastify: hooks and routes run as for any other. */
  dispatch (request: IncomingMessage, socket: Socket, head: Buffer): void
}

type UpgradeListener = (request: IncomingMessage, socket: Socket, head: Buffer) => void

/**
 * The one place where upgrades of a server arrive. Requests below our prefixes are judged before anything else
 * sees them; only good ones for a WebSocket path go on into Fastify (SEC-S01, PIT-6). Requests elsewhere are left to the
 * other listeners, and destroyed only when there is none.
 */
export class UpgradeGate {
  readonly #server: Server
  readonly #routes: UpgradeRoute[] = []
  #others: UpgradeListener[] = []

  /** The gate of a server; made when first asked for. */
  static of (server: Server): UpgradeGate {
    const gated = server as Server & { [GATE]?: UpgradeGate }
    return (gated[GATE] ??= new UpgradeGate(server))
  }

  private constructor (server: Server) {
    this.#server = server
    server.prependListener('upgrade', this.#listener)
  }

  add (route: UpgradeRoute): void {
    this.#routes.push(route)
    this.#routes.sort((a, b) => b.prefix.length - a.prefix.length || parameters(a) - parameters(b))
  }

  /**
   * Takes the other listeners off the server and calls them only for what is not ours: a second
   * `@fastify/websocket`, registered after us, would otherwise answer our requests once more.
   */
  adoptListeners (): void {
    for (const listener of this.#server.listeners('upgrade') as UpgradeListener[]) {
      if (listener === this.#listener) continue
      this.#server.removeListener('upgrade', listener)
      this.#others.push(listener)
    }
  }

  /** Hands a request to the other listeners. */
  passOn (request: IncomingMessage, socket: Socket, head: Buffer): void {
    for (const listener of this.#others) listener.call(this.#server, request, socket, head)
  }

  readonly #listener: UpgradeListener = (request, socket, head) => {
    // Node takes its own listener off before it emits `upgrade`: a reset right now must not end the process (SEC-S02).
    socket.on('error', destroy)
    for (const route of this.#routes) {
      const verdict = route.judge(request.url ?? '')
      if (verdict === null) continue
      const refusal = refusalFor(request, verdict, route.allowDrafts)
      if (refusal !== null) return refuse(socket, refusal)
      return handOn(request, socket, head, () => route.dispatch(request, socket, head))
    }
    if (this.#others.length > 0) {
      handOn(request, socket, head, () => this.passOn(request, socket, head))
    } else if (this.#server.listenerCount('upgrade') === 1) {
      refuse(socket, REFUSALS.notFound)
    }
  }
}

/**
 * Lets an upgrade go on. One that Fastify refuses then leaves its socket behind, ours or not: nobody else closes it, and `close()`
 * would wait for it (SEC-S01). Asked of the response, for a hook would run for every request of the application.
 */
function handOn (request: IncomingMessage, socket: Socket, head: Buffer, take: () => void): void {
  rememberUpgrade(request, socket, head)
  take()
  // `injectWS` brings a stream of its own, and closes it.
  if (!(socket instanceof Socket)) return
  responseOn(socket)?.once('finish', () => { if (!upgradeOf(request)!.taken) socket.destroySoon() })
}

/** The response that `@fastify/websocket` has put on the socket of an upgrade. */
export function responseOn (socket: Duplex): ServerResponse | null {
  return (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? null
}

/** How many segments of a prefix stand for any text: literal ones go first. */
function parameters ({ prefix }: UpgradeRoute): number {
  return prefix.filter((segment) => segment.startsWith(':')).length
}

function destroy (this: Socket): void {
  this.destroy()
}

interface Refusal {
  readonly status: string
  readonly headers: string
  readonly body: string
}

const NOCACHE = 'Cache-Control: no-store, no-cache, no-transform, must-revalidate, max-age=0\r\n'
const TEXT = 'Content-Type: text/plain; charset=UTF-8\r\n'

const REFUSALS = {
  notFound: { status: '404 Not Found', headers: NOCACHE + TEXT, body: 'Not found.\n' },
  notWebsocket: { status: '400 Bad Request', headers: NOCACHE + TEXT, body: 'Can "Upgrade" only to "WebSocket".\n' },
  method: { status: '405 Method Not Allowed', headers: NOCACHE + 'Allow: GET\r\n', body: '' },
  version: { status: '426 Upgrade Required', headers: NOCACHE + TEXT + 'Sec-WebSocket-Version: 13, 8\r\n', body: 'WebSocket version not supported.\n' },
  closing: { status: '503 Service Unavailable', headers: NOCACHE + TEXT + 'Retry-After: 1\r\n', body: 'Server shutting down.\n' }
} as const satisfies Record<string, Refusal>

/** WS-14, WS-15, WS-17, GREETING-4, INFO-15 */
function refusalFor (request: IncomingMessage, verdict: UpgradeVerdict, allowDrafts: boolean): Refusal | null {
  if (verdict === 'closing') return REFUSALS.closing
  if (verdict === 'not found') return REFUSALS.notFound
  if (verdict === 'not a websocket') return REFUSALS.notWebsocket
  if (request.method !== 'GET') return REFUSALS.method
  if (request.headers.upgrade?.toLowerCase() !== 'websocket') return REFUSALS.notWebsocket
  // `injectWS` writes a number.
  const version = String(request.headers['sec-websocket-version'])
  if (version === '13' || version === '8') return null
  return allowDrafts && isDraftRequest(request) ? null : REFUSALS.version
}

/** Answers on the bare socket and drops it: nothing that follows on it may be taken for a request (SEC-S72). */
function refuse (socket: Socket, { status, headers, body }: Refusal): void {
  socket.end(`HTTP/1.1 ${status}\r\n${headers}Connection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy())
}
