import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Endpoint } from '../endpoint/endpoint.ts'
import { principalOf } from '../endpoint/identity.ts'
import type { RemoteSessions, SendRoute } from '../remote/index.ts'
import { requestStateOf } from '../request/request-state.ts'
import { sendAway, sendFull } from '../request/responses.ts'
import { hasRoomElsewhere } from './room-elsewhere.ts'
import { confirmationOf, leaves } from './resume.ts'
import { accepted, payloadOf, refuseFlood, refuseMessages, refuseUnknown } from './messages.ts'

/** Looks for the session on the other nodes, before the body is read. Returns false if the request has been answered. */
export async function findElsewhere (endpoint: Endpoint, remote: RemoteSessions, request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
  const { directory, node } = remote
  const state = requestStateOf(request)
  const key = directory.keyOf(endpoint, state.target.session)
  if (!hasRoomElsewhere(endpoint, remote, request, key)) {
    sendFull(reply)
    return false
  }
  const known = directory.remembered(key)
  const owner = known === undefined ? await directory.locate(key, request.ip) : { at: 'node' as const, node: known }
  // A session of this node that is still being opened takes no messages yet, as without other nodes.
  state.node = owner?.at === 'node' && owner.node !== node.id ? owner.node : null
  if (state.node !== null) return true
  if (owner?.at === 'away') sendAway(reply)
  else refuseUnknown(endpoint, request, reply)
  return false
}

/**
 * Brings the payload of a body to the node that owns the session, and gives its answer to the client.
 *
 * This edge can remember a node that had an earlier session with the same id. Therefore a node that denies the session is asked for once, and
 * then the owner is looked for: `isLast` is true for the owner that was found then.
 */
export async function sendOn (endpoint: Endpoint, remote: RemoteSessions, node: string, request: FastifyRequest, reply: FastifyReply, isLast = false): Promise<void> {
  const { directory, edge, node: { id, members } } = remote
  const { target } = requestStateOf(request)
  const route = target.route as SendRoute
  const key = directory.keyOf(endpoint, target.session)
  if (members.hasLeft(node)) {
    directory.forget(key)
    sendAway(reply)
    return
  }
  const sent = edge.send(node, { key, route, principal: principalOf(endpoint, request), payload: payloadOf(request, route === 'jsonp_send'), confirmed: confirmationOf(request), leaves: leaves(request) })
  reply.raw.once('close', sent.gone)
  const outcome = await sent.outcome
  switch (outcome) {
    case 'accepted': return accepted(endpoint, request, reply, route === 'jsonp_send')
    case 'flood': return refuseFlood(request, reply)
    case 'full':
      endpoint.tell('edge', request.log, { address: request.ip }, request.ip)
      return refuseFlood(request, reply)
    case 'missing': {
      directory.forget(key)
      const owner = isLast ? null : await directory.locate(key, request.ip)
      const isElsewhere = owner?.at === 'node' && owner.node !== node && owner.node !== id
      return isElsewhere ? sendOn(endpoint, remote, owner.node, request, reply, true) : refuseUnknown(endpoint, request, reply)
    }
    case 'lost':
      sendAway(reply)
      return
    default:
      refuseMessages(endpoint, request, reply, outcome, {})
  }
}
