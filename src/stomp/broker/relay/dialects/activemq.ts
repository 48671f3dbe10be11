import { type BrokerDialect, type DialectOptions, isTopic, RELAYED } from './dialect.ts'
import { fromDots, toDots } from './words.ts'

const PRIVILEGED: ReadonlySet<string> = new Set([
  'persistent', 'message-id', 'timestamp', 'expires', 'selector', 'client-id', 'durable-subscription-name', 'id-durable', 'transformation', 'amq-msg-type',
  'no-local', 'JMSXGroupID', 'JMSXGroupSeq', 'JMSXUserID', 'AMQ_SCHEDULED_DELAY', 'AMQ_SCHEDULED_PERIOD', 'AMQ_SCHEDULED_REPEAT', 'AMQ_SCHEDULED_CRON',
  'activemq.dispatchAsync', 'activemq.exclusive', 'activemq.maximumPendingMessageLimit', 'activemq.noLocal', 'activemq.prefetchSize', 'activemq.priority',
  'activemq.retroactive', 'activemq.subscriptionName', 'activemq.subcriptionName'
])

const USER_TOPIC = '/topic/fastify-sockjs.users'

/** The topics of the broker itself and of the processes of the application. A subscription to the topic pattern `**` would bring them all. */
const HIDDEN: readonly string[] = ['/topic/ActiveMQ.', '/queue/ActiveMQ.', USER_TOPIC]

/** Makes the dialect of ActiveMQ 5. `**` is `>` there, and a NACK sends a message to the dead letters. */
export function activemq ({ separator = '/' }: DialectOptions = {}): BrokerDialect {
  return {
    name: 'ActiveMQ',
    separator,
    capabilities: { ...RELAYED, nackRequeues: false },
    toBroker: (destination, what) => toDots(destination, separator, what, '>'),
    fromBroker: (destination) => HIDDEN.some((start) => destination.startsWith(start)) ? null : fromDots(destination, separator),
    isFanOut: isTopic,
    userTopic: USER_TOPIC,
    prefetchHeader: 'activemq.prefetchSize',
    temporaryQueues: 'subscribed',
    privileged: PRIVILEGED,
    prepare (headers, now) {
      const expiration = headers.get('expiration')
      if (expiration === undefined) return
      headers.delete('expiration')
      headers.set('expires', String(now + Number(expiration)))
    }
  }
}
