import type { FastifyRequest } from 'fastify'
import type { Endpoint } from '../endpoint/endpoint.ts'
import type { RemoteSessions } from '../remote/index.ts'

/** Tells whether a request may wait for the engine, or for another node. If not, the refusal is counted, and an operator learns of an address that floods. */
export function hasRoomElsewhere (endpoint: Endpoint, remote: RemoteSessions, request: FastifyRequest, key: string): boolean {
  const full = remote.fullBy(key, request.ip)
  if (full === null) return true
  endpoint.telemetry.refused(full)
  if (full === 'lookups_per_address') endpoint.tell('maxLookupsPerAddress', request.log, { address: request.ip }, request.ip)
  return false
}
