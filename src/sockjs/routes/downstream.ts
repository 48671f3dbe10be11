import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Embedding } from '../endpoint/embedding.ts'
import type { Endpoint } from '../endpoint/endpoint.ts'
import { ownsSession } from '../endpoint/identity.ts'
import { DEFAULTS } from '../options/options.ts'
import { checkCallback, CLOSE, closeFrame, type Envelope, envelopes, type RouteName, type TransportName } from '../protocol/index.ts'
import { requestStateOf, writeResponse } from '../request/request-state.ts'
import { sendClosing, sendFull, sendText, setNoCache } from '../request/responses.ts'
import { openingFacts } from '../request/session-facts.ts'
import type { AnySession } from '../session/index.ts'
import { HttpReceiver } from '../transports/index.ts'

/** The differences between the HTTP transports. */
interface DownstreamRoute {
  readonly transport: TransportName
  /** Makes the envelope of a request, with its callback if the transport has one. */
  readonly envelope: (callback: string) => Envelope
  readonly callback: boolean
  readonly streaming: boolean
  /** The element by which a page loads the response. It is `null` with XMLHttpRequest and EventSource. */
  readonly embedded: keyof Embedding | null
}

/** The routes whose responses carry frames. */
type DownstreamName = Extract<RouteName, 'xhr' | 'xhr_streaming' | 'eventsource' | 'htmlfile' | 'jsonp'>

const DOWNSTREAM: Readonly<Record<DownstreamName, DownstreamRoute>> = {
  xhr: { transport: 'xhr-polling', envelope: () => envelopes.xhr, callback: false, streaming: false, embedded: null },
  xhr_streaming: { transport: 'xhr-streaming', envelope: () => envelopes.xhrStreaming, callback: false, streaming: true, embedded: null },
  eventsource: { transport: 'eventsource', envelope: () => envelopes.eventsource, callback: false, streaming: true, embedded: null },
  htmlfile: { transport: 'htmlfile', envelope: envelopes.htmlfile, callback: true, streaming: true, embedded: 'frame' },
  jsonp: { transport: 'jsonp-polling', envelope: envelopes.jsonp, callback: true, streaming: false, embedded: 'script' }
}

/** Answers a request that waits for frames: it opens a session, or carries the frames of an open one. */
export function downstream (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): unknown {
  const { target } = requestStateOf(request)
  const route = DOWNSTREAM[target.route as DownstreamName]
  let callback = ''
  if (route.callback) {
    const checked = checkCallback(callbackOf(request.query))
    if ('error' in checked) return sendText(reply, 500, checked.error + '\n')
    callback = checked.callback
  }
  setHeaders(endpoint, reply, route, callback)
  const found = endpoint.find(target.session)
  if (found !== undefined) {
    if (found.transport !== route.transport || !ownsSession(endpoint, request, found)) return sendText(reply, 404, 'Not found.\n')
    return attach(endpoint, request, reply, found, route, callback)
  }
  if (endpoint.registration.draining) return sendClosing(reply)
  if (endpoint.reserved.has(target.session)) return conflict(request, reply, route.envelope(callback))
  if (!endpoint.hasRoom(request.ip, true, request.log)) return sendFull(reply)
  return open(endpoint, request, reply, route, callback)
}

/** Opens a session. Meanwhile no other request can open one with its id. */
async function open (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply, route: DownstreamRoute, callback: string): Promise<void> {
  const { target } = requestStateOf(request)
  endpoint.reserved.add(target.session)
  try {
    const facts = await openingFacts(endpoint, request, route.transport, '')
    // Other sessions may have opened while the `session` option ran.
    if (endpoint.registration.draining) sendClosing(reply)
    else if (!endpoint.hasRoom(request.ip, true, request.log)) sendFull(reply)
    else attach(endpoint, request, reply, endpoint.create(facts, target.session), route, callback)
  } finally {
    endpoint.reserved.delete(target.session)
  }
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
    const { socket } = request.raw
    if (socket.destroyed || reply.raw.destroyed) return
    const receiver = new HttpReceiver(reply.raw, headers, session.output, {
      transport: route.transport,
      envelope: route.envelope(callback),
      limit: endpoint.options.responseLimit ?? defaultLimit(route.transport),
      sendTimeout: endpoint.options.sendTimeout,
      clock: endpoint.clock,
      lingering: endpoint.lingering
    })
    session.output.attach(receiver)
    if (session.state === 'opening') endpoint.begin(session, request)
  })
}

function defaultLimit (transport: TransportName): number {
  return (DEFAULTS.responseLimit as Partial<Record<TransportName, number>>)[transport] ?? Infinity
}

/** Answers SESSION-3 while the session itself is still being opened. */
function conflict (request: FastifyRequest, reply: FastifyReply, envelope: Envelope): void {
  writeResponse(request, reply, (headers) => {
    reply.raw.writeHead(200, headers)
    if (envelope.stream !== null) reply.raw.write(envelope.stream.prelude)
    reply.raw.end(envelope.encode(closeFrame(CLOSE.conflict.code, CLOSE.conflict.reason)))
  })
}
