import type { FastifyRequest } from 'fastify'
import type { Endpoint } from '../endpoint/endpoint.ts'
import { principalOf } from '../endpoint/identity.ts'
import type { ResumeClaim, TransportName } from '../protocol/index.ts'
import type { EdgeLeg, HeldClaim, RemoteSessions } from '../remote/index.ts'
import { hasRoomElsewhere } from './room-elsewhere.ts'

/**
 * The place of a session that a client claims.
 *
 * `here`: this node, which decides alone, with the claim of the new id if there is one. `node`: another node, which has accepted the client. `away`: the engine or that node is out
 * of reach. `full`: too many requests wait.
 */
export type ClaimedPlace =
  { readonly at: 'here', readonly claim: HeldClaim | null } |
  { readonly at: 'node', readonly node: string, readonly key: string, readonly leg: EdgeLeg } |
  { readonly at: 'away' } |
  { readonly at: 'full' }

const HERE: ClaimedPlace = { at: 'here', claim: null }
const AWAY: ClaimedPlace = { at: 'away' }

/** Finds the node that has the session of a claim, and lets that node decide. `id` is the new id of the client. The id of a WebSocket does not count. */
export async function claimElsewhere (endpoint: Endpoint, remote: RemoteSessions, request: FastifyRequest, claim: ResumeClaim, transport: TransportName, id: string): Promise<ClaimedPlace> {
  // The claim could not be read, so no node needs to be asked for it.
  if (claim.token === '') return HERE
  const { directory, edge, node, tokens } = remote
  const isSocket = transport === 'websocket'
  if (endpoint.resumables!.knows(claim)) return isSocket ? HERE : claimHere(endpoint, remote, request, id)
  const key = isSocket ? remote.socketKey() : directory.keyOf(endpoint, id)
  if (!hasRoomElsewhere(endpoint, remote, request, key)) return { at: 'full' }
  const tokenKey = tokens.keyOf(endpoint, claim.token)
  const owner = await directory.search(tokenKey, request.ip)
  if (owner === null || owner.at === 'here') return HERE
  // A client that is gone may have come back by another connection, which this one must not end.
  if (owner.at === 'away' || request.raw.socket.destroyed) return AWAY
  directory.forget(tokenKey)
  if (owner.node === node.id || node.members.hasLeft(owner.node)) return HERE
  const leg = edge.resume(owner.node, { key, transport, principal: principalOf(endpoint, request), tokenKey, count: claim.count })
  const answer = await leg.answer
  if (answer === 'accepted') return { at: 'node', node: owner.node, key, leg }
  return answer === 'lost' ? AWAY : HERE
}

/** Claims the new id of a client whose session is at this node. */
async function claimHere (endpoint: Endpoint, { directory }: RemoteSessions, request: FastifyRequest, id: string): Promise<ClaimedPlace> {
  const owner = await directory.claim(directory.keyOf(endpoint, id), { endpoint, id }, request.ip)
  return owner.at === 'here' ? { at: 'here', claim: owner.claim } : AWAY
}
