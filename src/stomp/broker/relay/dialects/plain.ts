import type { BrokerDialect } from './dialect.ts'

const USER_TOPIC = '/topic/fastify-sockjs/users'

/**
 * A broker that names destinations as we do: another server of this package, over TCP. Histories stay at that broker: positions
 * are not passed on.
 */
export function plain (): BrokerDialect {
  return {
    name: 'STOMP',
    separator: '/',
    capabilities: {
      queues: true,
      topicAcknowledgements: true,
      nackRequeues: true,
      nackPassesOn: true,
      unsubscribeReleases: true,
      deadLetters: false,
      timeToLive: true,
      temporaryQueues: true,
      wildcards: true,
      history: false,
      atomicTransactions: true,
      passesOverHeldBack: false
    },
    toBroker: (destination) => destination,
    fromBroker: (destination) => destination === USER_TOPIC ? null : destination,
    isFanOut: (destination) => destination.startsWith('/topic/'),
    userTopic: USER_TOPIC,
    prefetchHeader: 'prefetch-count',
    temporaryQueues: 'implicit',
    privileged: new Set(['x-recover'])
  }
}
