import { randomUUID } from 'node:crypto'
import type { ClusterNode } from '../../cluster/node.ts'
import { SERVICES } from '../../cluster/services.ts'
import type { Telemetry } from '../../telemetry/telemetry.ts'
import { ClaimTimes } from './claim-times.ts'
import { observeRemote } from './metrics.ts'
import { Directory } from './directory.ts'
import { Edge } from './edge.ts'
import { LocalSessions } from './local-sessions.ts'
import { Lookups } from './lookups.ts'
import { TokenClaims } from './token-claims.ts'

export type { HeldClaim, Owner } from './directory.ts'
export type { EdgeLeg } from './edge-leg.ts'
export { EdgeSocket } from './edge-socket.ts'
export type { SendOutcome } from './edge.ts'
export type { SendRoute } from './wire.ts'

/** The bounds of the requests that wait for other nodes or for the engine: of all, and of one address. */
export type FullRemote = 'overload' | 'lookups_per_address'

/** The sessions that live on another node than the request of their client. */
export class RemoteSessions {
  readonly node: ClusterNode
  readonly directory: Directory
  readonly local: LocalSessions
  readonly edge: Edge
  readonly tokens: TokenClaims

  readonly #lookups: Lookups

  /** @param maxLookupsPerAddress the requests of one address that may wait for the engine, 0 for any number */
  constructor (node: ClusterNode, telemetry: Telemetry, maxLookupsPerAddress: number) {
    this.node = node
    this.#lookups = new Lookups(maxLookupsPerAddress)
    this.directory = new Directory(node, new ClaimTimes(telemetry, node), this.#lookups)
    this.tokens = new TokenClaims(node, this.directory)
    this.local = new LocalSessions(node, this.directory, this.tokens)
    this.edge = new Edge(node)
    observeRemote(telemetry, node, this.local, this.edge)
    node.serve(SERVICES.toOwner, this.local)
    node.serve(SERVICES.toEdge, this.edge)
  }

  /** Makes the key of a WebSocket that carries a session of another node. No other node asks for it. */
  socketKey (): string { return this.node.names.key('socket', randomUUID()) }

  /**
   * Finds the bound that one more request for a session of another node would exceed, or `null`.
   *
   * A request whose owner is remembered asks no engine, so that the bound of its address does not hold for it.
   */
  fullBy (key: string, address: string): FullRemote | null {
    if (this.edge.isFull || this.#lookups.isFull) return 'overload'
    return this.#lookups.isFullFor(address) && this.directory.remembered(key) === undefined ? 'lookups_per_address' : null
  }
}
