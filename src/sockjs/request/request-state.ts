import { type OutgoingHttpHeaders, validateHeaderName, validateHeaderValue } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ResumeClaim, Target } from '../protocol/index.ts'
import type { AnySession, SessionFacts } from '../session/index.ts'
import type { IncomingBody } from '../transports/index.ts'

const REQUEST_STATE = Symbol('fastify-sockjs.request-state')

/** Writes a response without Fastify. `headers` are the headers that hooks have set. */
export type ResponseWriter = (headers: OutgoingHttpHeaders) => void

/** The state of one request, which the hooks of a route gather before its handler runs. */
export interface RequestState {
  readonly target: Target
  /** The body that follows the head of the request, or `null`. */
  readonly body: IncomingBody | null
  writer: ResponseWriter | null
  /** The session of a request that brings messages, which is found before its body is read (XHR-SEND-7). */
  session: AnySession | null
  /** The node that owns the session, if it is not this one. */
  node: string | null
  /** The facts about the client of an upgrade, which are gathered before the answer. */
  facts: SessionFacts<unknown, unknown> | null
  /** The claim of an upgrade whose client asks to resume a session. */
  claim: ResumeClaim | null
}

type Carrier = FastifyRequest & { [REQUEST_STATE]?: RequestState }

export function beginRequest (request: FastifyRequest, target: Target, body: IncomingBody | null): void {
  (request as Carrier)[REQUEST_STATE] = { target, body, writer: null, session: null, node: null, facts: null, claim: null }
}

export function requestStateOf (request: FastifyRequest): RequestState {
  return (request as Carrier)[REQUEST_STATE]!
}

/**
 * Lets `write` write the response, after all `onSend` hooks have run.
 *
 * So a response that streams has the headers that hooks set late, such as cookies. `writeHijacked`, the last hook, calls `write`.
 */
export function writeResponse (request: FastifyRequest, reply: FastifyReply, writer: ResponseWriter): void {
  requestStateOf(request).writer = writer
  reply.send()
}

/** Calls the writer, if there is one. It is the last `onSend` hook of every route. */
export function writeHijacked (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: (error: Error | null, payload: unknown) => void): void {
  const state = (request as Carrier)[REQUEST_STATE]
  const writer = state?.writer
  if (state === undefined || writer === null || writer === undefined) return done(null, payload)
  state.writer = null
  const headers = reply.getHeaders() as OutgoingHttpHeaders
  const error = refusedHeader(headers)
  if (error !== null) return done(error, payload)
  reply.hijack()
  writer(headers)
}

/** Names and values that need no other check (RFC 9110, sections 5.1 and 5.5). */
const PLAIN_NAME = /^[a-z0-9-]+$/i
const PLAIN_VALUE = /^[\t\x20-\x7e]*$/

/** Finds a header of the hooks that Node refuses, because after the hijack no error response is possible. */
function refusedHeader (headers: OutgoingHttpHeaders): Error | null {
  try {
    for (const name in headers) {
      const value = headers[name]
      if (typeof value === 'string' && PLAIN_NAME.test(name) && PLAIN_VALUE.test(value)) continue
      validateHeaderName(name)
      for (const each of [value].flat()) validateHeaderValue(name, String(each))
    }
    return null
  } catch (error) {
    return error as Error
  }
}

/** Drops the writer after a failure, so that Fastify answers. */
export function cancelWriter (request: FastifyRequest): void {
  const state = (request as Carrier)[REQUEST_STATE]
  if (state !== undefined) state.writer = null
}
