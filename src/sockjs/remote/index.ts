import type { ClusterNode } from '../../cluster/node.ts'
import { SERVICES } from '../../cluster/services.ts'
import type { Telemetry } from '../../telemetry/telemetry.ts'
import { ClaimTimes } from './claim-times.ts'
import { observeRemote } from './metrics.ts'
import { Directory } from './directory.ts'
import { Edge } from './edge.ts'
import { LocalSessions } from './local-sessions.ts'

export type { HeldClaim, Owner } from './directory.ts'
export type { EdgeLeg } from './edge-leg.ts'
export type { SendOutcome } from './edge.ts'
export type { SendRoute } from './wire.ts'

/** The sessions that live on another node than the request of their client. */
export class RemoteSessions {
  readonly node: ClusterNode
  readonly directory: Directory
  readonly local: LocalSessions
  readonly edge: Edge

  /** True if so many requests wait for other nodes, or for the engine, that no further one may. */
  get isFull (): boolean { return this.edge.isFull || this.directory.isFull }

  constructor (node: ClusterNode, telemetry: Telemetry) {
    this.node = node
    this.directory = new Directory(node, new ClaimTimes(telemetry, node))
    this.local = new LocalSessions(node, this.directory)
    this.edge = new Edge(node)
    observeRemote(telemetry, node, this.local, this.edge)
    node.serve(SERVICES.toOwner, this.local)
    node.serve(SERVICES.toEdge, this.edge)
  }
}
