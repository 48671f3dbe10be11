import { type BrokerDialect, type DialectOptions, isTopic, RELAYED } from './dialect.ts'
import { fromDots, toDots } from './words.ts'

/** RabbitMQ makes AMQP properties and queue arguments of these; `user-id` and `message-id` end the connection (FACT-2). */
const PRIVILEGED: ReadonlySet<string> = new Set([
  'persistent', 'user-id', 'app-id', 'amqp-message-id', 'message-id', 'timestamp', 'durable', 'auto-delete', 'exclusive', 'selector', 'requeue',
  'x-queue-name', 'x-queue-type', 'x-expires', 'x-message-ttl', 'x-max-length', 'x-max-length-bytes', 'x-max-priority', 'x-overflow',
  'x-dead-letter-exchange', 'x-dead-letter-routing-key', 'x-single-active-consumer', 'x-stream-offset', 'x-cancel-on-ha-failover'
])

/** A word of a routing key as MESSAGE shows it: percent-encoded; a key may hold a slash, which is no separator of ours. */
function decodeWord (word: string): string {
  const decoded = percentDecoded(word)
  return decoded.includes('/') ? word : decoded
}

/** What is no percent-encoding stays as it is. */
function percentDecoded (text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** RabbitMQ puts its prefix before every `reply-to`, one that names a destination included. */
function unwrapReplyTo (replyTo: string): string {
  const destination = /^\/reply-queue\/((?:\/|%2F).+)$/i.exec(replyTo)?.[1]
  if (destination === undefined) return replyTo
  return destination.startsWith('/') ? destination : percentDecoded(destination)
}

/** RabbitMQ with its STOMP plugin: topics are routing keys of `amq.topic`, `**` is `#`. */
export function rabbitmq ({ separator = '/' }: DialectOptions = {}): BrokerDialect {
  return {
    name: 'RabbitMQ',
    separator,
    capabilities: { ...RELAYED, unsubscribeReleases: false },
    toBroker: (destination, what) => toDots(destination, separator, what, '#'),
    fromBroker: (destination) => fromDots(destination, separator, decodeWord),
    unwrapReplyTo,
    isFanOut: isTopic,
    // Another exchange than that of the topics: no pattern of a client reaches it.
    userTopic: '/exchange/amq.direct/fastify-sockjs.users',
    prefetchHeader: 'prefetch-count',
    temporaryQueues: 'implicit',
    privileged: PRIVILEGED
  }
}
