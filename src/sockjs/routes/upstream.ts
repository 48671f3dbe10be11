import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Endpoint } from '../endpoint/endpoint.ts'
import { ownsSession, seemsOwner } from '../endpoint/identity.ts'
import { decodePayload, SENDS_BY } from '../protocol/index.ts'
import { withValidType } from '../request/any-body.ts'
import { requestStateOf, writeResponse } from '../request/request-state.ts'
import { sendText, setNoCache, TEXT } from '../request/responses.ts'
import type { HeldSender } from '../session/index.ts'
import { isTooBig } from '../transports/index.ts'
import { UPSTREAM } from './table.ts'

/**
 * Checks a request that brings messages, before its body is read.
 *
 * The session must exist (XHR-SEND-7). While the application cannot take more, the body is not read.
 */
export function beforeBody (endpoint: Endpoint) {
  const missed = (): void => endpoint.tell('slow body')
  return function awaitRoom (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: (error: null, payload: unknown) => void): void {
    const state = requestStateOf(request)
    const read = (): void => {
      state.body?.startDeadline(request.raw, endpoint.options.bodyTimeout, missed)
      withValidType(request.raw, () => done(null, payload))
    }
    const { route, session: id } = state.target
    if (!UPSTREAM.has(route)) return read()
    const session = endpoint.find(id)
    if (session === undefined || SENDS_BY[session.transport] !== route) {
      endpoint.tell('session', request.log)
      sendText(reply, 404, 'Not found.\n')
      return
    }
    state.session = session
    // Another user gets no room in the session, so it cannot fill it. `upstream` refuses the request.
    if (!session.held || !seemsOwner(endpoint, request, session)) return read()
    const bytes = bodyBytes(request.raw.headers, endpoint.bodyLimit)
    // Fastify refuses the body by its length.
    if (bytes > endpoint.bodyLimit) return read()
    if (!session.hold(new HeldRequest(request, bytes, read))) refuseFlood(request, reply)
  }
}

/** Passes the messages of a body to the session, and answers when the application has room for more. */
export function upstream (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): unknown {
  const { target, session: found } = requestStateOf(request)
  const session = found!
  if (!ownsSession(endpoint, request, session)) return sendText(reply, 404, 'Not found.\n')
  const jsonp = target.route === 'jsonp_send'
  const payload = readBody(request.body as Buffer | undefined, jsonp && isForm(request.headers['content-type'] ?? ''))
  const messages = payload === null ? 'Broken JSON encoding.' : decodePayload(payload)
  if (typeof messages === 'string') return sendText(reply, 500, messages + '\n')
  const { maxMessageSize } = endpoint.options
  for (const message of messages) {
    if (!isTooBig(message, maxMessageSize)) continue
    endpoint.tell('message', request.log, { session: session.id, transport: session.transport, limit: maxMessageSize })
    return sendText(reply, 413, 'Message too big.\n')
  }
  session.receive(messages)
  if (!session.held) return accepted(endpoint, request, reply, jsonp)
  return new Promise<boolean>((resolve) => {
    if (!session.hold(new HeldRequest(request, 0, () => resolve(true)))) resolve(false)
  }).then((taken) => taken ? accepted(endpoint, request, reply, jsonp) : refuseFlood(request, reply))
}

/**
 * Refuses a request whose session has closed with 1008, because too many requests waited (K4).
 *
 * The server reads no further request from its connection.
 */
function refuseFlood (request: FastifyRequest, reply: FastifyReply): void {
  // HTTP/2 has no such header (RFC 9113, section 8.2.2), and no pipelines.
  if (request.raw.httpVersionMajor === 1) reply.header('connection', 'close')
  sendText(reply, 503, 'Too many messages.\n')
}

/** The assumed size of a body without a length. It is the number of bytes that Node reads ahead. */
const READ_AHEAD = 64 * 1024

function bodyBytes ({ 'content-length': length }: IncomingHttpHeaders, limit: number): number {
  return length === undefined ? Math.min(READ_AHEAD, limit) : Number(length)
}

/** A request that waits, before its body is read or before it is answered. */
class HeldRequest implements HeldSender {
  readonly bytes: number
  readonly release: () => void
  readonly #socket: Socket

  constructor (request: FastifyRequest, bytes: number, release: () => void) {
    this.bytes = bytes
    this.release = release
    this.#socket = request.raw.socket
  }

  get gone (): boolean { return this.#socket.destroyed }
}

function accepted (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply, jsonp: boolean): void {
  setNoCache(reply)
  reply.header('content-type', TEXT)
  if (jsonp) {
    // The page has sent a form from a hidden frame, which gets the answer.
    endpoint.embedding.frame(reply)
    reply.send('ok')
    return
  }
  // Fastify removes the content type of a 204, but the protocol demands it (XHR-SEND-1).
  writeResponse(request, reply, (headers) => { reply.raw.writeHead(204, headers).end() })
}

function isForm (contentType: string): boolean {
  return /^application\/x-www-form-urlencoded(?:[;\s]|$)/i.test(contentType)
}

/** Reads the JSON text of a body, or the field `d` of a form (JSONP-3, JSONP-4). Returns `null` if it is not UTF-8. */
function readBody (body: Buffer | undefined, form: boolean): string | null {
  if (body === undefined) return ''
  if (!isUtf8(body)) return null
  const text = body.toString()
  return form ? new URLSearchParams(text).get('d') ?? '' : text
}
