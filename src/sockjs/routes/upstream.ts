import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Endpoint } from '../endpoint/endpoint.ts'
import { ownsSession, seemsOwner } from '../endpoint/identity.ts'
import { BodyProblem, readPayload } from '../endpoint/messages.ts'
import { SENDS_BY } from '../protocol/index.ts'
import type { RemoteSessions } from '../remote/index.ts'
import { withValidType } from '../request/any-body.ts'
import { requestStateOf } from '../request/request-state.ts'
import { sendText } from '../request/responses.ts'
import type { HeldSender } from '../session/index.ts'
import { findElsewhere, sendOn } from './foreign-messages.ts'
import { accepted, payloadOf, refuseFlood, refuseMessages, refuseUnknown } from './messages.ts'
import { takeConfirmation, takeLeave } from './resume.ts'
import { UPSTREAM } from './table.ts'

/**
 * Checks a request that brings messages, before its body is read.
 *
 * The session must exist (XHR-SEND-7), here or on another node. While the application cannot take more, the body is not read.
 */
export function beforeBody (endpoint: Endpoint, remote: RemoteSessions | null) {
  const missed = (): void => endpoint.tell('slow body')
  return function awaitRoom (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: (error: null, payload: unknown) => void): void {
    const state = requestStateOf(request)
    const read = (): void => {
      state.body?.startDeadline(request.raw, endpoint.options.bodyTimeout, missed)
      withValidType(request.raw, () => done(null, payload))
    }
    const { route, session: id } = state.target
    if (!UPSTREAM.has(route)) return read()
    const session = endpoint.find(id) ?? remote?.directory.shown(endpoint, id)
    if (session === undefined && remote !== null) {
      // An error of the engine is an error of the request.
      findElsewhere(endpoint, remote, request, reply).then((found) => { if (found) read() }, (error: Error) => { reply.send(error) })
      return
    }
    if (session === undefined || SENDS_BY[session.transport] !== route) return refuseUnknown(endpoint, request, reply)
    if (!endpoint.isServing(session, id)) {
      sendText(reply, 404, 'Not found.\n')
      return
    }
    state.session = session
    // Another user gets no room in the session, so it cannot fill it. `upstream` refuses the request.
    if (!session.held || !seemsOwner(endpoint, request, session)) return read()
    // A client that is held back may be the one whose confirmation makes room.
    takeConfirmation(session, request)
    const bytes = bodyBytes(request.raw.headers, endpoint.bodyLimit)
    // Fastify refuses the body by its length.
    if (bytes > endpoint.bodyLimit) return read()
    if (!session.hold(new HeldRequest(request, bytes, read))) refuseFlood(request, reply)
  }
}

/** Passes the messages of a body to the session, and answers when the application has room for more. */
export function upstream (endpoint: Endpoint, remote: RemoteSessions | null, request: FastifyRequest, reply: FastifyReply): unknown {
  const { target, session, node } = requestStateOf(request)
  if (session === null) return sendOn(endpoint, remote!, node!, request, reply)
  if (!ownsSession(endpoint, request, session)) return sendText(reply, 404, 'Not found.\n')
  // The connection was lost while the body came. The client sends these messages again when it resumes the session.
  if (!endpoint.isServing(session, target.session)) return sendText(reply, 404, 'Not found.\n')
  takeConfirmation(session, request)
  const jsonp = target.route === 'jsonp_send'
  const payload = payloadOf(request, jsonp)
  const messages = readPayload(payload, endpoint.incoming)
  if (messages instanceof BodyProblem) return refuseMessages(endpoint, request, reply, messages, { session: session.id, transport: session.transport })
  session.receive(messages, Buffer.byteLength(payload!))
  takeLeave(session, request)
  if (!session.held) return accepted(endpoint, request, reply, jsonp)
  return new Promise<boolean>((resolve) => {
    if (!session.hold(new HeldRequest(request, 0, () => resolve(true)))) resolve(false)
  }).then((taken) => taken ? accepted(endpoint, request, reply, jsonp) : refuseFlood(request, reply))
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
