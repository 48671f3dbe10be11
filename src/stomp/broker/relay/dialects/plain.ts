import { type BrokerDialect, isTopic, RELAYED } from './dialect.ts'

const USER_TOPIC = '/topic/fastify-sockjs/users'

/**
 * Makes the dialect of a broker that names destinations as this package does, such as another server.
 *
 * Histories stay at that broker, because their positions are not passed on.
 */
export function plain (): BrokerDialect {
  return {
    name: 'STOMP',
    separator: '/',
    capabilities: { ...RELAYED, nackPassesOn: true, atomicTransactions: true },
    toBroker: (destination) => destination,
    fromBroker: (destination) => destination === USER_TOPIC ? null : destination,
    isFanOut: isTopic,
    userTopic: USER_TOPIC,
    prefetchHeader: 'prefetch-count',
    temporaryQueues: 'implicit',
    privileged: new Set(['x-recover'])
  }
}
