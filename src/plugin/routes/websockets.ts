import type { FastifyReply, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import type { TransportName } from '../../protocol/index.ts'
import { DraftReceiver, isDraftRequest, responseOn, takeUpgrade, type Upgrade, upgradeOf, WebSocketReceiver } from '../../transports/index.ts'
import type { Endpoint } from '../endpoint.ts'
import { exchangeOf } from '../exchange.ts'
import { sendClosing, sendFull, sendText, setSessionCookie } from '../headers.ts'
import { openingFacts } from './opening.ts'

/** WS-12, WS-13, RAW-6: a request that asks for no upgrade. */
export function refusePlain (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  endpoint.tell('upgrade', request.log)
  return sendText(reply, 400, 'Can "Upgrade" only to "WebSocket".\n')
}

/**
 * The subprotocol for a client's offer: the first of ours that it has, in the client's spelling; `false` for none (WS-19).
 */
export function chooseProtocol (offered: Iterable<string>, supported: readonly string[]): string | false {
  const bySpelling = new Map<string, string>()
  for (const name of offered) if (!bySpelling.has(name.toLowerCase())) bySpelling.set(name.toLowerCase(), name)
  for (const name of supported) {
    const found = bySpelling.get(name.toLowerCase())
    if (found !== undefined) return found
  }
  return false
}

/** The last hook before an upgrade is answered: here a session is still refused with a status. */
export function beforeUpgrade (endpoint: Endpoint) {
  return function prepareUpgrade (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
    const upgrade = upgradeOf(request.raw)
    if (upgrade === undefined) done()
    else prepare(request, reply, upgrade).then((on) => { if (on) done() }, done)
  }

  /** Whether the request goes on, or has its answer. */
  async function prepare (request: FastifyRequest, reply: FastifyReply, upgrade: Upgrade): Promise<boolean> {
    if (!endpoint.hasRoom(request.ip, false, request.log)) {
      sendFull(reply)
      return false
    }
    const exchange = exchangeOf(request)
    const transport: TransportName = exchange.target.route === 'websocket' ? 'websocket' : 'websocket-raw'
    const offered = request.headers['sec-websocket-protocol']
    const names = offered === undefined ? [] : offered.split(',').map((name) => name.trim())
    exchange.facts = await openingFacts(endpoint, request, transport, chooseProtocol(names, endpoint.options.protocols) || '')
    // Others may have come while `session` was asked.
    const refuse = endpoint.hub.draining ? sendClosing : endpoint.hasRoom(request.ip, false, request.log) ? null : sendFull
    if (refuse !== null) {
      refuse(reply)
      return false
    }
    await setSessionCookie(endpoint, request, reply)
    upgrade.cookies = cookiesOf(reply)
    return true
  }
}

/**
 * The handler of an upgrade, once every hook has let it pass: drafts are answered here, and `next` answers the others.
 */
export function openUpgrade (endpoint: Endpoint, next: (request: FastifyRequest, reply: FastifyReply) => unknown) {
  return function open (this: unknown, request: FastifyRequest, reply: FastifyReply): unknown {
    if (upgradeOf(request.raw) === undefined || !isDraftRequest(request.raw)) return next.call(this, request, reply)
    reply.hijack()
    acceptDraft(endpoint, request, reply)
  }
}

function cookiesOf (reply: FastifyReply): string[] {
  const cookies = reply.getHeader('set-cookie')
  return cookies === undefined ? [] : [cookies].flat().map(String)
}

/** `ws` has answered the upgrade. */
export function acceptWebSocket (endpoint: Endpoint, request: FastifyRequest, ws: WebSocket): void {
  const upgrade = upgradeOf(request.raw)!
  takeUpgrade(upgrade)
  // What belongs to the request, the response included, must not live as long as the connection.
  ws.removeAllListeners('error')
  responseOn(upgrade.socket)?.detachSocket(upgrade.socket)
  const session = endpoint.create(exchangeOf(request).facts!, null)
  session.attach(new WebSocketReceiver(session, endpoint.incoming, ws, upgrade.socket, endpoint.lingering))
  endpoint.begin(session, request)
}

function acceptDraft (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): DraftReceiver {
  const upgrade = upgradeOf(request.raw)!
  takeUpgrade(upgrade)
  reply.raw.detachSocket(upgrade.socket)
  const session = endpoint.create(exchangeOf(request).facts!, null)
  return new DraftReceiver(session, endpoint.incoming, {
    request: request.raw,
    socket: upgrade.socket,
    head: upgrade.head,
    headers: upgrade.cookies.map((cookie) => ['Set-Cookie', cookie] as const),
    maxLength: endpoint.bodyLimit,
    clock: endpoint.clock,
    closeTimeout: endpoint.options.closeTimeout,
    opened (receiver) {
      session.attach(receiver)
      endpoint.begin(session, request)
    }
  }, endpoint.lingering)
}
