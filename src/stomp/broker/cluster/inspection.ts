import type { BrokerInspection, BrokerQueue } from '../inspection.ts'
import type { ClusterConnection } from './connection.ts'
import type { ClusterExchange } from './exchange.ts'

/** The parts that no node knows, because the engine keeps them. */
const UNKNOWN = [
  'The engine keeps the queues. Its own tools show the depth of a queue, and the queues without a consumer at this node.',
  'The engine keeps the dead letters. A consumer of their queue reads them.'
] as const

/** Shows the part of the broker that this node knows: its subscriptions to topics, and its consumers of queues. */
export function inspectCluster ({ feeds }: ClusterExchange, connections: Iterable<ClusterConnection>): BrokerInspection {
  return {
    topics: () => feeds.inspect(),
    queues: () => consumedQueues(connections),
    deadLetters: null,
    unknown: UNKNOWN,
    replay: null
  }
}

function * consumedQueues (connections: Iterable<ClusterConnection>): Iterable<BrokerQueue> {
  const consumers = new Map<string, number>()
  for (const { queues } of connections) for (const { destination } of queues) consumers.set(destination, (consumers.get(destination) ?? 0) + 1)
  for (const [destination, count] of consumers) yield { destination, messages: null, bytes: null, consumers: count }
}
