import { isUtf8 } from 'node:buffer'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Endpoint } from '../endpoint/endpoint.ts'
import type { BodyProblem } from '../endpoint/messages.ts'
import { writeResponse } from '../request/request-state.ts'
import { sendText, setNoCache, TEXT } from '../request/responses.ts'

/** Reads the payload of a body, or of the field `d` of a form. Returns `null` if it is not UTF-8. */
export function payloadOf (request: FastifyRequest, jsonp: boolean): string | null {
  return readBody(request.body as Buffer | undefined, jsonp && isForm(request.headers['content-type'] ?? ''))
}

/** Refuses a body. `facts` are those about the session, for the log. */
export function refuseMessages (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply, { status, text }: BodyProblem, facts: Record<string, unknown>): FastifyReply {
  if (status === 413) endpoint.tell('message', request.log, { ...facts, limit: endpoint.options.maxMessageSize })
  return sendText(reply, status, text + '\n')
}

/** Refuses messages for a session that no node has (XHR-SEND-7). */
export function refuseUnknown (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): void {
  endpoint.tell('session', request.log)
  sendText(reply, 404, 'Not found.\n')
}

/**
 * Refuses a request of a client of which too much waits.
 *
 * Its session has closed with 1008 (K4), or this edge has no room for its messages.
 *
 * The server reads no further request from its connection.
 */
export function refuseFlood (request: FastifyRequest, reply: FastifyReply): void {
  // HTTP/2 has no such header (RFC 9113, section 8.2.2), and no pipelines.
  if (request.raw.httpVersionMajor === 1) reply.header('connection', 'close')
  sendText(reply, 503, 'Too many messages.\n')
}

/** Answers that the application has the messages. */
export function accepted (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply, jsonp: boolean): void {
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
