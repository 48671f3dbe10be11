import type { FastifyRequest } from 'fastify'
import type { Endpoint, SessionClaim } from '../endpoint/endpoint.ts'
import { principalOf } from '../endpoint/identity.ts'
import { readResume, type ResumeClaim, type TransportName } from '../protocol/index.ts'
import type { AnySession } from '../session/index.ts'

/** Reads the parameter `resume` of a request. Without the option it has no effect. */
export function askedResume (endpoint: Endpoint, request: FastifyRequest): 'new' | ResumeClaim | null {
  return endpoint.resumables === null ? null : readResume((request.query as { resume?: unknown }).resume)
}

/** Gives a session to the client that claims it. Returns `null` if that is not possible, and logs it once a minute, without the token. */
export function resumeSession (endpoint: Endpoint, request: FastifyRequest, claim: ResumeClaim, transport: TransportName, id: string | null, held: SessionClaim | null = null): AnySession | null {
  // No code of the application runs for a token that is wrong.
  const session = endpoint.resumables!.knows(claim) ? endpoint.resume(claim, principalOf(endpoint, request), transport, id, held) : null
  endpoint.telemetry.resumption(session === null ? 'refused' : 'resumed')
  if (session === null) endpoint.tell('resume', request.log)
  return session
}
