import type { BrokerDeadLetter, BrokerInspection, BrokerQueue } from '../inspection.ts'
import type { ClusterConnection } from './connection.ts'
import type { ClusterExchange } from './exchange.ts'
import { idOf } from './record.ts'
import { readMessage } from './sources.ts'

/** The most queues about which the engine is asked at a time. */
const MOST_QUEUES = 200

/** The most dead letters that are listed. */
const MOST_LETTERS = 100

/** The parts that this node does not know. */
const UNKNOWN = [
  'The engine keeps the queues. A node lists the queues that it has sent to or that it consumes; the tools of the engine show the others.',
  `The engine keeps the dead letters. The first ${MOST_LETTERS}, of about 1 MiB, are listed; a consumer of their queue takes them out.`
] as const

/** Shows the part of the broker that this node knows, and the content of its queues in the engine. */
export function inspectCluster (exchange: ClusterExchange, connections: Iterable<ClusterConnection>): BrokerInspection {
  return {
    topics: () => exchange.feeds.inspect(),
    queues: () => knownQueues(exchange, connections),
    deadLetters: () => letters(exchange),
    sharesDeadLetters: true,
    unknown: UNKNOWN,
    replay: null
  }
}

async function knownQueues (exchange: ClusterExchange, connections: Iterable<ClusterConnection>): Promise<BrokerQueue[]> {
  const consumers = new Map<string, number>()
  for (const { queues } of connections) for (const { destination } of queues) consumers.set(destination, (consumers.get(destination) ?? 0) + 1)
  for (const destination of exchange.sentTo) if (!consumers.has(destination)) consumers.set(destination, 0)
  const known = [...consumers]
  const views = await Promise.all(known.slice(0, MOST_QUEUES).map(([destination]) => exchange.view(destination, 0)))
  return known.flatMap(([destination, count], i) => {
    const { messages, bytes } = views[i] ?? { messages: null, bytes: null }
    return messages === 0 && count === 0 ? [] : [{ destination, messages, bytes, consumers: count }]
  })
}

async function letters (exchange: ClusterExchange): Promise<BrokerDeadLetter[]> {
  const view = await exchange.view(exchange.settings.deadLetters, MOST_LETTERS)
  return (view?.first ?? []).flatMap((data) => {
    const letter = readMessage(exchange.node, data)
    if (letter === null) return []
    const { headers, body } = letter
    return [{ id: idOf(letter), queue: headers.get('original-destination') ?? '', reason: headers.get('x-death-reason') ?? '', bytes: data.byteLength, headers, body }]
  })
}
