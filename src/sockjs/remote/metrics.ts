import type { ClusterNode } from '../../cluster/node.ts'
import type { Telemetry } from '../../telemetry/telemetry.ts'
import type { Edge } from './edge.ts'
import type { LocalSessions } from './local-sessions.ts'

/** Adds the numbers of this node among its peers. */
export function observeRemote (telemetry: Telemetry, node: ClusterNode, local: LocalSessions, edge: Edge): void {
  const roles = (owner: number, atEdge: number) => [
    { attributes: { 'sockjs.cluster.role': 'owner' }, value: owner },
    { attributes: { 'sockjs.cluster.role': 'edge' }, value: atEdge }
  ]
  telemetry.observe('sockjs.cluster.nodes', () => [{ value: [...node.members.all].length }])
  telemetry.observe('sockjs.cluster.legs', () => roles(local.legs, edge.legs))
  telemetry.observe('sockjs.cluster.held', () => roles(local.held, edge.sends))
  telemetry.observe('sockjs.cluster.repeats', () => [{ value: node.links.repeats }])
  telemetry.observe('sockjs.engine.available', () => [{ attributes: { 'messaging.system': node.engine.facts.name }, value: node.state === 'available' ? 1 : 0 }])
}
