import { type BrokerDialect, isTopic, RELAYED } from './dialect.ts'

const USER_TOPIC = '/topic/fastify-sockjs/users'

/**
 * A broker that names destinations as we do: another server of this package, over TCP. Histories stay at that broker: positions
 * are not passed on.
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
