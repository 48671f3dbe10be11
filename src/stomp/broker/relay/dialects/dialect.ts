import type { BrokerCapabilities } from '../../broker.ts'

/** Options of a preset. */
export interface DialectOptions {
  /** What stands between the segments of a destination, as clients write them. Default: `/`. */
  readonly separator?: '/' | '.'
}

/** What a relay can do with each broker that has a preset; where one differs, it says so. */
export const RELAYED: BrokerCapabilities = Object.freeze({
  queues: true,
  topicAcknowledgements: true,
  nackRequeues: true,
  nackPassesOn: false,
  unsubscribeReleases: true,
  deadLetters: false,
  timeToLive: true,
  temporaryQueues: true,
  wildcards: true,
  history: false,
  atomicTransactions: false,
  passesOverHeldBack: false
})

/** Every subscriber of a topic gets every message. */
export const isTopic = (destination: string): boolean => destination.startsWith('/topic/')

/**
 * What is peculiar to one kind of broker. `rabbitmq()` and `activemq()` make the known ones; an object of your own fits
 * any other that speaks STOMP.
 */
export interface BrokerDialect {
  /** For logs. */
  readonly name: string
  /** What the broker can do. */
  readonly capabilities: BrokerCapabilities
  /** What stands between the segments of a destination, as our clients write them. Default: `/`. */
  readonly separator?: '/' | '.'
  /** The broker's form of a client's destination: `/topic/rooms/7` to `/topic/rooms.7` (RELAY-4). A SEND has no wildcards. */
  toBroker (destination: string, what: 'send' | 'subscribe'): string
  /** And back, for MESSAGE; `null` for what no client may see. */
  fromBroker (destination: string): string | null
  /** Whether every subscriber gets every message: such subscriptions can be shared. `destination` is the client's form. */
  isFanOut (destination: string): boolean
  /** Where the processes of one application tell each other of messages for users; out of the reach of clients. */
  readonly userTopic: string
  /** Takes off what the broker itself puts around a `reply-to` that names a destination. Default: nothing. */
  unwrapReplyTo? (replyTo: string): string
  /** The header of SUBSCRIBE that bounds unacknowledged messages. */
  readonly prefetchHeader: string
  /** How a `reply-to:/temp-queue/x` comes to a subscription: the broker makes it (RELAY-9), we must, or there are none. */
  readonly temporaryQueues: 'implicit' | 'subscribed' | 'none'
  /** Headers of SEND and of SUBSCRIBE that mean something to this broker and that clients must not set (SEC-S67). */
  readonly privileged: ReadonlySet<string>
  /** Changes the headers of a SEND at the end, in place: another name for the time to live, say. */
  prepare? (headers: Map<string, string>, now: number): void
}
