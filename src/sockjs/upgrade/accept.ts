import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { WebSocket, WebSocketServer } from 'ws'
import type { Endpoint } from '../endpoint/endpoint.ts'
import { CLOSE, closeFrame, NOT_RESUMED, OPEN, type ResumeClaim, type RouteName, type TransportName } from '../protocol/index.ts'
import { type RequestState, requestStateOf } from '../request/request-state.ts'
import { refuseWhileClosing, sendFull, sendText, setSessionCookie } from '../request/responses.ts'
import { askedResume, resumeSession } from '../request/resume.ts'
import { openingFacts } from '../request/session-facts.ts'
import type { SessionFacts } from '../session/index.ts'
import { type DraftDriver, DraftReceiver, isDraftRequest, SharedDeflate, WebSocketReceiver } from '../transports/index.ts'
import { takeUpgrade, type Upgrade, upgradeOf } from './upgrade.ts'

export const NOT_A_WEBSOCKET = 'Can "Upgrade" only to "WebSocket".\n'

/** Refuses a request for a WebSocket that asks for no upgrade (WS-12, WS-13, RAW-6). */
export function refusePlain (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  endpoint.tell('upgrade', request.log)
  return sendText(reply, 400, NOT_A_WEBSOCKET)
}

/**
 * Chooses the subprotocol from a client's offer (WS-19).
 *
 * It is the first supported one that the client offers, in the client's spelling, or `false` if there is none.
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

/** True if the request goes on, false if it has its answer. */
type GoesOn = boolean | Promise<boolean>

/** Makes the last hook before an upgrade is answered. Here a session can still be refused with a status. */
export function beforeUpgrade (endpoint: Endpoint) {
  return function prepareUpgrade (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
    const upgrade = upgradeOf(request.raw)
    if (upgrade === undefined) return done()
    const goesOn = prepare(request, reply, upgrade)
    if (goesOn === true) done()
    else if (goesOn !== false) goesOn.then((on) => { if (on) done() }, done)
  }

  /** Prepares the session, and makes a promise only if the application asks for one. The result is false if the request has been refused. */
  function prepare (request: FastifyRequest, reply: FastifyReply, upgrade: Upgrade): GoesOn {
    const state = requestStateOf(request)
    state.claim = claimOf(request, state.target.route)
    return state.claim === null ? prepareSession(request, reply, upgrade, state) : prepareCookies(request, reply, upgrade)
  }

  /** Finds the claim of a client that asks to resume a session. */
  function claimOf (request: FastifyRequest, route: RouteName): ResumeClaim | null {
    const asked = route === 'websocket' && !isDraftRequest(request.raw) ? askedResume(endpoint, request) : null
    return asked === 'new' ? null : asked
  }

  /** Prepares a new session. */
  function prepareSession (request: FastifyRequest, reply: FastifyReply, upgrade: Upgrade, state: RequestState): GoesOn {
    if (!hasRoom(request, reply)) return false
    const transport: TransportName = state.target.route === 'websocket' ? 'websocket' : 'websocket-raw'
    const offered = request.headers['sec-websocket-protocol']
    const names = offered === undefined ? [] : offered.split(',').map((name) => name.trim())
    upgrade.protocol = chooseProtocol(names, endpoint.options.protocols) || ''
    const complete = (facts: SessionFacts<unknown, unknown>): GoesOn => {
      state.facts = facts
      // Other sessions may have opened while the `session` option ran.
      return !isRefusing(reply) && hasRoom(request, reply) && prepareCookies(request, reply, upgrade)
    }
    const facts = openingFacts(endpoint, request, transport, upgrade.protocol)
    return facts instanceof Promise ? facts.then(complete) : complete(facts)
  }

  function hasRoom (request: FastifyRequest, reply: FastifyReply): boolean {
    const room = endpoint.hasRoom(request.ip, false, request.log)
    if (!room) sendFull(reply)
    return room
  }

  function isRefusing (reply: FastifyReply): boolean {
    const { refusing } = endpoint.registration
    if (refusing) refuseWhileClosing(endpoint, reply)
    return refusing
  }

  function prepareCookies (request: FastifyRequest, reply: FastifyReply, upgrade: Upgrade): GoesOn {
    const keep = (): true => {
      upgrade.cookies = cookiesOf(reply)
      return true
    }
    return setSessionCookie(endpoint, request, reply)?.then(keep) ?? keep()
  }
}

/** Makes the handler of GET. It answers a handshake that every hook has accepted. Plain requests go to `next`. */
export function openUpgrade (endpoint: Endpoint, server: WebSocketServer, drafts: DraftDriver | null, accept: AcceptWebSocket, next: (request: FastifyRequest, reply: FastifyReply) => unknown) {
  return function open (request: FastifyRequest, reply: FastifyReply): unknown {
    const upgrade = upgradeOf(request.raw)
    if (upgrade === undefined) return next(request, reply)
    reply.hijack()
    if (drafts !== null && isDraftRequest(request.raw)) acceptDraft(endpoint, request, upgrade, drafts)
    else inOneWrite(upgrade.socket, () => server.handleUpgrade(request.raw, upgrade.socket, upgrade.head, (ws) => accept(request, ws)))
  }
}

/** Lets the 101 leave in one write with the first frames. The flusher writes these when this turn of the event loop is over. */
function inOneWrite (socket: Socket, accept: () => void): void {
  socket.cork()
  try {
    accept()
  } finally {
    process.nextTick(() => socket.uncork())
  }
}

function cookiesOf (reply: FastifyReply): string[] {
  const cookies = reply.getHeader('set-cookie')
  return cookies === undefined ? [] : [cookies].flat().map(String)
}

/** Tells whether this client takes the same compressed bytes as others: its window is neither kept nor smaller. */
function sharesDeflate (extensions: string): boolean {
  return extensions.includes('server_no_context_takeover') && !extensions.includes('server_max_window_bits')
}

/** Opens the session of a WebSocket. */
export type AcceptWebSocket = (request: FastifyRequest, ws: WebSocket) => void

/** Resumes a session of another node over a WebSocket of this one. Resolves with false if this node decides on the claim. */
export type ResumeElsewhere = (request: FastifyRequest, ws: WebSocket, socket: Socket, claim: ResumeClaim) => Promise<boolean>

/**
 * Makes the function that opens the session of a WebSocket, after `ws` has answered the upgrade.
 *
 * `elsewhere` asks other nodes for sessions to resume; it is `null` if the process is alone.
 */
export function acceptWebSocket (endpoint: Endpoint, server: WebSocketServer, elsewhere: ResumeElsewhere | null): AcceptWebSocket {
  const deflate = SharedDeflate.of(server)
  return (request, ws) => {
    const upgrade = upgradeOf(request.raw)!
    takeUpgrade(upgrade)
    // `ws` of the application would close these connections before the drain does (SESSION-23).
    server.clients?.delete(ws)
    const { claim } = requestStateOf(request)
    if (claim === null || elsewhere === null || endpoint.resumables!.knows(claim)) return open(request, ws, upgrade)
    ws.on('error', () => ws.terminate())
    elsewhere(request, ws, upgrade.socket, claim).then((carried) => { if (!carried) open(request, ws, upgrade) }, () => ws.terminate())
  }

  function open (request: FastifyRequest, ws: WebSocket, upgrade: Upgrade): void {
    const { facts, claim, target } = requestStateOf(request)
    const session = claim === null ? endpoint.create(facts!, null) : resumeSession(endpoint, request, claim, 'websocket', null)
    if (session === null) return refuseClaim(ws)
    if (claim === null && target.route === 'websocket' && askedResume(endpoint, request) === 'new') endpoint.resumables!.add(session)
    session.output.attach(new WebSocketReceiver(session, endpoint.incoming, ws, upgrade.socket, endpoint.lingering, sharesDeflate(upgrade.extensions) ? deflate : null))
    if (claim === null) endpoint.begin(session, request)
  }
}

/** Tells a client that its session cannot be resumed. No session is made for it. */
function refuseClaim (ws: WebSocket): void {
  const { code, reason } = CLOSE.notResumed
  ws.on('error', () => ws.terminate())
  for (const frame of [OPEN, NOT_RESUMED, closeFrame(code, reason)]) ws.send(frame.text)
  ws.close(code, reason)
}

function acceptDraft (endpoint: Endpoint, request: FastifyRequest, upgrade: Upgrade, driver: DraftDriver): DraftReceiver {
  takeUpgrade(upgrade)
  const session = endpoint.create(requestStateOf(request).facts!, null)
  return new DraftReceiver(session, endpoint.incoming, {
    driver,
    request: request.raw,
    socket: upgrade.socket,
    head: upgrade.head,
    headers: upgrade.cookies.map((cookie) => ['Set-Cookie', cookie] as const),
    maxLength: endpoint.bodyLimit,
    clock: endpoint.clock,
    closeTimeout: endpoint.options.closeTimeout,
    opened (receiver) {
      session.output.attach(receiver)
      endpoint.begin(session, request)
    }
  }, endpoint.lingering)
}
