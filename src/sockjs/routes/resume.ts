import type { FastifyRequest } from 'fastify'
import { readCount } from '../protocol/index.ts'
import type { AnySession } from '../session/index.ts'

interface ResumeQuery {
  readonly r?: unknown
  readonly close?: unknown
}

/** Takes the count by which a request confirms the messages that its client has got. */
export function takeConfirmation (session: AnySession, request: FastifyRequest): void {
  if (session.resumption === null) return
  const count = readCount((request.query as ResumeQuery).r)
  if (count !== null) session.confirmed(count)
}

/** Ends a session that its client leaves by its last send, so that the application does not wait for it. */
export function takeLeave (session: AnySession, request: FastifyRequest): void {
  if (session.resumption !== null && (request.query as ResumeQuery).close === '1') session.output.left()
}
