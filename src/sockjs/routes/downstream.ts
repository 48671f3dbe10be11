import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Embedding } from '../endpoint/embedding.ts'
import type { Endpoint } from '../endpoint/endpoint.ts'
import { ownsSession, principalOf } from '../endpoint/identity.ts'
import { responseLimitOf } from '../options/options.ts'
import { checkCallback, CLOSE, closeFrame, type CloseReason, type Envelope, envelopes, NOT_RESUMED, OPEN, type ResumeClaim, type RouteName, type SockjsFrame, type TransportName } from '../protocol/index.ts'
import { requestStateOf, writeResponse } from '../request/request-state.ts'
import { refuseWhileClosing, sendAway, sendFull, sendText, setNoCache } from '../request/responses.ts'
import { askedResume, resumeSession } from '../request/resume.ts'
import { openingFacts } from '../request/session-facts.ts'
import type { EdgeLeg, HeldClaim, Owner, RemoteSessions } from '../remote/index.ts'
import type { AnySession, ResponseOutput } from '../session/index.ts'
import { HttpReceiver } from '../transports/index.ts'
import { claimElsewhere } from './resume-elsewhere.ts'
import { confirmationOf, isLater, takeConfirmation } from './resume.ts'
import { hasRoomElsewhere } from './room-elsewhere.ts'

/** The differences between the HTTP transports. */
interface DownstreamRoute {
  readonly transport: TransportName
  /** Makes the envelope of a request, with its callback if the transport has one. */
  readonly envelope: (callback: string) => Envelope
  readonly callback: boolean
  readonly streaming: boolean
  /** The element by which a page loads the response. It is `null` with XMLHttpRequest and EventSource. */
  readonly embedded: keyof Embedding | null
  /** True if a session can be resumed over the transport. Transports of old browsers have no client that does it. */
  readonly resumes: boolean
}

/** The routes whose responses carry frames. */
type DownstreamName = Extract<RouteName, 'xhr' | 'xhr_streaming' | 'eventsource' | 'htmlfile' | 'jsonp'>

const DOWNSTREAM: Readonly<Record<DownstreamName, DownstreamRoute>> = {
  xhr: { transport: 'xhr-polling', envelope: () => envelopes.xhr, callback: false, streaming: false, embedded: null, resumes: true },
  xhr_streaming: { transport: 'xhr-streaming', envelope: () => envelopes.xhrStreaming, callback: false, streaming: true, embedded: null, resumes: true },
  eventsource: { transport: 'eventsource', envelope: () => envelopes.eventsource, callback: false, streaming: true, embedded: null, resumes: true },
  htmlfile: { transport: 'htmlfile', envelope: envelopes.htmlfile, callback: true, streaming: true, embedded: 'frame', resumes: false },
  jsonp: { transport: 'jsonp-polling', envelope: envelopes.jsonp, callback: true, streaming: false, embedded: 'script', resumes: false }
}

/**
 * Answers a request that waits for frames: it opens a session, or carries the frames of an open one.
 *
 * `remote` has the sessions of other nodes; it is `null` if the process is alone.
 */
export function downstream (endpoint: Endpoint, remote: RemoteSessions | null, request: FastifyRequest, reply: FastifyReply): unknown {
  const { target } = requestStateOf(request)
  const route = DOWNSTREAM[target.route as DownstreamName]
  let callback = ''
  if (route.callback) {
    const checked = checkCallback(callbackOf(request.query))
    if ('error' in checked) return sendText(reply, 500, checked.error + '\n')
    callback = checked.callback
  }
  setHeaders(endpoint, reply, route, callback)
  const found = endpoint.find(target.session) ?? remote?.directory.shown(endpoint, target.session)
  if (found !== undefined) {
    if (found.transport !== route.transport || !ownsSession(endpoint, request, found)) return sendText(reply, 404, 'Not found.\n')
    if (!endpoint.isServing(found, target.session)) return sendText(reply, 404, 'Not found.\n')
    takeConfirmation(found, request)
    const settled = remote === null ? null : remote.local.settled(found)
    if (settled !== null) return settled.then(() => attach(endpoint, request, reply, found, route, callback))
    return attach(endpoint, request, reply, found, route, callback)
  }
  if (endpoint.reserved.has(target.session)) return endpoint.registration.refusing ? refuseWhileClosing(endpoint, reply) : conflict(request, reply, route.envelope(callback))
  const asked = route.resumes ? askedResume(endpoint, request) : null
  if (asked !== null && asked !== 'new') return resume(endpoint, remote, request, reply, asked, route, callback)
  // A late request of a connection that was lost opens no session.
  const opens = !isLater(endpoint, request, asked)
  if (!opens && remote === null) return sendText(reply, 404, 'Not found.\n')
  if (remote !== null) return anywhere(endpoint, remote, request, reply, route, callback, opens)
  if (endpoint.registration.refusing) return refuseWhileClosing(endpoint, reply)
  if (!endpoint.hasRoom(request.ip, true, request.log)) return sendFull(reply)
  return open(endpoint, request, reply, route, callback, null)
}

/** The most nodes that are asked for one request. The owner of a session can end it, or die, while it is asked. */
const MOST_ASKED = 3

/** Carries a session of another node, or opens one here if no node has it. */
async function anywhere (endpoint: Endpoint, remote: RemoteSessions, request: FastifyRequest, reply: FastifyReply, route: DownstreamRoute, callback: string, opens: boolean): Promise<unknown> {
  const { session: id } = requestStateOf(request).target
  const { directory, edge, node } = remote
  const key = directory.keyOf(endpoint, id)
  const principal = principalOf(endpoint, request)
  if (!hasRoomElsewhere(endpoint, remote, request, key)) return sendFull(reply)
  for (let asked = 0; asked < MOST_ASKED; asked++) {
    const owner = await (opens ? ownerOf(endpoint, remote, request, key, id) : knownOwner(remote, request, key))
    if (owner === null && !opens) return sendText(reply, 404, 'Not found.\n')
    // A limit that leaves no room is counted where it is found.
    if (owner === null) return endpoint.registration.refusing ? refuseWhileClosing(endpoint, reply) : sendFull(reply)
    if (owner.at === 'away') break
    if (isGone(request, reply)) {
      // A leg of a client that is gone would end its session, which another request can still carry.
      if (owner.at === 'here') owner.claim.release()
      break
    }
    if (owner.at === 'here') return open(endpoint, request, reply, route, callback, owner.claim)
    if (owner.node === node.id) {
      // Another request to this node was faster.
      if (endpoint.find(id) !== undefined || endpoint.reserved.has(id)) return downstream(endpoint, remote, request, reply)
      continue
    }
    if (node.members.hasLeft(owner.node)) {
      directory.forget(key)
      continue
    }
    const leg = edge.attach(owner.node, { key, transport: route.transport, principal, confirmed: confirmationOf(request) })
    const answer = await leg.answer
    if (answer === 'refused') return sendText(reply, 404, 'Not found.\n')
    if (answer === 'accepted') return carry(endpoint, request, reply, leg, route, callback)
    directory.forget(key)
    // A node that crashed before this one started is not a member. Its keys last as long as its lease, and asking it again takes as long as before.
    if (!node.members.has(owner.node) && !node.members.hasLeft(owner.node)) break
  }
  endpoint.telemetry.refused('unreachable')
  return sendAway(reply)
}

/** Finds the owner of a session, or claims it. Returns `null` if no node has it and this one may not open it. */
async function ownerOf (endpoint: Endpoint, { directory }: RemoteSessions, request: FastifyRequest, key: string, id: string): Promise<Owner | null> {
  const remembered = directory.remembered(key)
  if (remembered !== undefined) return { at: 'node', node: remembered }
  const mayOpen = !endpoint.registration.refusing && endpoint.hasRoom(request.ip, true, request.log)
  return mayOpen ? directory.claim(key, { endpoint, id }, request.ip) : directory.locate(key, request.ip)
}

/** Finds the owner of a session that must exist already. */
async function knownOwner ({ directory }: RemoteSessions, request: FastifyRequest, key: string): Promise<Owner | null> {
  const remembered = directory.remembered(key)
  return remembered === undefined ? directory.locate(key, request.ip) : { at: 'node', node: remembered }
}

/** Lets the response carry the frames of a session of another node. */
function carry (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply, leg: EdgeLeg, route: DownstreamRoute, callback: string): void {
  // The client may go, or a hook may fail, before the response begins.
  reply.raw.once('close', () => leg.leave())
  writeResponse(request, reply, (headers) => {
    const carried = !isGone(request, reply) && leg.carry((output) => receiverOf(endpoint, reply, headers, output, route, callback, Infinity))
    if (carried) return
    // The event `close` may have come before its listener.
    leg.cut()
    reply.raw.destroy()
  })
}

/** Tells whether the client of a request is gone. */
function isGone (request: FastifyRequest, reply: FastifyReply): boolean { return request.raw.socket.destroyed || reply.raw.destroyed }

/** Opens a session. Meanwhile no other request can open one with its id. */
async function open (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply, route: DownstreamRoute, callback: string, claim: HeldClaim | null): Promise<void> {
  const { target } = requestStateOf(request)
  endpoint.reserved.add(target.session)
  let opened = false
  try {
    const facts = await openingFacts(endpoint, request, route.transport, '')
    // Other sessions may have opened while the `session` option ran.
    if (endpoint.registration.refusing) refuseWhileClosing(endpoint, reply)
    else if (!endpoint.hasRoom(request.ip, true, request.log)) sendFull(reply)
    else if (claim?.held === false) conflict(request, reply, route.envelope(callback))
    else {
      const session = endpoint.create(facts, target.session, claim)
      if (route.resumes && askedResume(endpoint, request) === 'new') endpoint.resumables!.add(session)
      attach(endpoint, request, reply, session, route, callback)
      opened = true
    }
  } finally {
    endpoint.reserved.delete(target.session)
    if (!opened) claim?.release()
  }
}

/** Gives a session that was cut to its client, or tells the client that this is not possible. */
async function resume (endpoint: Endpoint, remote: RemoteSessions | null, request: FastifyRequest, reply: FastifyReply, claim: ResumeClaim, route: DownstreamRoute, callback: string): Promise<unknown> {
  const { session: id } = requestStateOf(request).target
  const found = remote === null ? null : await claimElsewhere(endpoint, remote, request, claim, route.transport, id)
  if (found?.at === 'away') return sendAway(reply)
  if (found?.at === 'full') return sendFull(reply)
  if (found?.at === 'node') return carry(endpoint, request, reply, found.leg, route, callback)
  const held = found?.claim ?? null
  const session = resumeSession(endpoint, request, claim, route.transport, id, held)
  if (session !== null) return attach(endpoint, request, reply, session, route, callback)
  held?.release()
  if (endpoint.registration.refusing) return refuseWhileClosing(endpoint, reply)
  // No session is made for this client, so a polling one gets everything in one frame.
  return answer(request, reply, route.envelope(callback), route.streaming ? [OPEN, NOT_RESUMED, frameOf(CLOSE.notResumed)] : [NOT_RESUMED])
}

/** Reads `c`, or its alias `callback` (JSONP-14). */
function callbackOf (query: unknown): unknown {
  const { c, callback } = query as Record<string, unknown>
  return c ?? callback
}

function setHeaders (endpoint: Endpoint, reply: FastifyReply, route: DownstreamRoute, callback: string): void {
  setNoCache(reply)
  reply.header('content-type', route.envelope(callback).contentType)
  // Without this header nginx buffers responses, and a stream that is buffered never arrives (XHR-STREAM-11).
  if (route.streaming) reply.header('x-accel-buffering', 'no')
  if (route.embedded === null) return
  endpoint.embedding[route.embedded](reply)
  reply.header('x-content-type-options', 'nosniff')
}

function attach (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply, session: AnySession, route: DownstreamRoute, callback: string): void {
  writeResponse(request, reply, (headers) => {
    if (isGone(request, reply)) return
    // Meanwhile the client may have resumed the session with another id.
    if (session.resumption !== null && endpoint.find(requestStateOf(request).target.session) !== session) {
      reply.raw.destroy()
      return
    }
    session.output.attach(receiverOf(endpoint, reply, headers, session.output, route, callback, responseLimitOf(endpoint.options, route.transport)))
    if (session.state === 'opening') endpoint.begin(session, request)
  })
}

function receiverOf (endpoint: Endpoint, reply: FastifyReply, headers: OutgoingHttpHeaders, output: ResponseOutput, route: DownstreamRoute, callback: string, limit: number): HttpReceiver {
  return new HttpReceiver(reply.raw, headers, output, {
    transport: route.transport,
    envelope: route.envelope(callback),
    limit,
    sendTimeout: endpoint.options.sendTimeout,
    clock: endpoint.clock,
    lingering: endpoint.lingering
  })
}

/** Answers SESSION-3 while the session itself is still being opened. */
function conflict (request: FastifyRequest, reply: FastifyReply, envelope: Envelope): void {
  answer(request, reply, envelope, [frameOf(CLOSE.conflict)])
}

function frameOf ({ code, reason }: CloseReason): SockjsFrame { return closeFrame(code, reason) }

/** Answers with frames that belong to no session. */
function answer (request: FastifyRequest, reply: FastifyReply, envelope: Envelope, frames: readonly SockjsFrame[]): void {
  writeResponse(request, reply, (headers) => {
    reply.raw.writeHead(200, headers)
    if (envelope.stream !== null) reply.raw.write(envelope.stream.prelude)
    for (const frame of frames) reply.raw.write(envelope.encode(frame))
    reply.raw.end()
  })
}
