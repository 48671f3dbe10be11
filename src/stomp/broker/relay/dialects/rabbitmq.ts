import { type BrokerDialect, type DialectOptions, isTopic, RELAYED } from './dialect.ts'
import { fromDots, toDots } from './words.ts'

/** The headers of which RabbitMQ makes AMQP properties and queue arguments. `user-id` and `message-id` end the connection (FACT-2). */
const PRIVILEGED: ReadonlySet<string> = new Set([
  'persistent', 'user-id', 'app-id', 'amqp-message-id', 'message-id', 'timestamp', 'durable', 'auto-delete', 'exclusive', 'selector', 'requeue',
  'x-queue-name', 'x-queue-type', 'x-expires', 'x-message-ttl', 'x-max-length', 'x-max-length-bytes', 'x-max-priority', 'x-overflow',
  'x-dead-letter-exchange', 'x-dead-letter-routing-key', 'x-single-active-consumer', 'x-stream-offset', 'x-cancel-on-ha-failover'
])

/** Decodes a word of a routing key, which MESSAGE shows percent-encoded. A slash in it stays encoded, because it does not separate words. */
function decodeWord (word: string): string {
  const decoded = percentDecoded(word)
  return decoded.includes('/') ? word : decoded
}

/** Decodes a percent-encoded text. A text that is not encoded stays as it is. */
function percentDecoded (text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Removes the prefix that RabbitMQ puts before every `reply-to`, also before one that names a destination. */
function unwrapReplyTo (replyTo: string): string {
  const destination = /^\/reply-queue\/((?:\/|%2F).+)$/i.exec(replyTo)?.[1]
  if (destination === undefined) return replyTo
  return destination.startsWith('/') ? destination : percentDecoded(destination)
}

/** Makes the dialect of RabbitMQ with its STOMP plugin. Topics are routing keys of `amq.topic`, and `**` is `#` there. */
export function rabbitmq ({ separator = '/' }: DialectOptions = {}): BrokerDialect {
  return {
    name: 'RabbitMQ',
    separator,
    capabilities: { ...RELAYED, unsubscribeReleases: false },
    toBroker: (destination, what) => toDots(destination, separator, what, '#'),
    fromBroker: (destination) => fromDots(destination, separator, decodeWord),
    unwrapReplyTo,
    isFanOut: isTopic,
    // It is not in the exchange of the topics, so that no pattern of a client reaches it.
    userTopic: '/exchange/amq.direct/fastify-sockjs.users',
    prefetchHeader: 'prefetch-count',
    temporaryQueues: 'implicit',
    privileged: PRIVILEGED
  }
}
