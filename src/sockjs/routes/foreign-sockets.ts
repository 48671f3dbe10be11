import type { Endpoint } from '../endpoint/endpoint.ts'
import { principalOf } from '../endpoint/identity.ts'
import { EdgeSocket, type RemoteSessions } from '../remote/index.ts'
import type { ResumeElsewhere } from '../upgrade/accept.ts'
import { claimElsewhere } from './resume-elsewhere.ts'

/** Makes the function that lets a WebSocket of this node carry a session of another node. */
export function resumeElsewhere (endpoint: Endpoint, remote: RemoteSessions): ResumeElsewhere {
  return async function resumeElsewhere (request, ws, socket, claim) {
    // The client is not read until the owner has answered.
    ws.pause()
    const place = await claimElsewhere(endpoint, remote, request, claim, 'websocket', '')
    if (place.at === 'here') {
      ws.resume()
      return false
    }
    if (place.at !== 'node') {
      // The client tries again.
      ws.terminate()
      return true
    }
    const { node, key, leg } = place
    const options = { edge: remote.edge, node, key, principal: principalOf(endpoint, request), rules: endpoint.incoming }
    const carried = ws.readyState === ws.OPEN && leg.carry(() => new EdgeSocket(ws, socket, leg, options))
    if (!carried) {
      leg.cut()
      ws.terminate()
    }
    return true
  }
}
