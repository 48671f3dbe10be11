import type { FastifyRequest } from 'fastify'
import type { Endpoint } from '../endpoint/endpoint.ts'
import { readCount, type ResumeClaim } from '../protocol/index.ts'
import type { AnySession } from '../session/index.ts'

interface ResumeQuery {
  readonly r?: unknown
  readonly close?: unknown
}

/** Reads the count by which a request confirms messages, or `null`. */
export function confirmationOf (request: FastifyRequest): number | null { return readCount((request.query as ResumeQuery).r) }

/** Tells whether a client leaves its session by this request. */
export function leaves (request: FastifyRequest): boolean { return (request.query as ResumeQuery).close === '1' }

/** Takes the count by which a request confirms the messages that its client has got. */
export function takeConfirmation (session: AnySession, request: FastifyRequest): void {
  if (session.resumption === null) return
  const count = confirmationOf(request)
  if (count !== null) session.resumption.confirmed(count)
}

/** Ends a session that its client leaves by its last send, so that the application does not wait for it. */
export function takeLeave (session: AnySession, request: FastifyRequest): void {
  if (session.resumption !== null && leaves(request)) session.output.left()
}

/** Tells whether a receiving request belongs to a session that must exist: it confirms messages, and asks for no session. */
export function isLater (endpoint: Endpoint, request: FastifyRequest, asked: 'new' | ResumeClaim | null): boolean {
  return asked === null && endpoint.resumables !== null && confirmationOf(request) !== null
}
