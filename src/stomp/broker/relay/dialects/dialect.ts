import type { BrokerCapabilities } from '../../broker.ts'

/** The options of a preset. */
export interface DialectOptions {
  /** The character between the segments of a destination, as clients write them. `/` by default. */
  readonly separator?: '/' | '.'
}

/** The abilities of a relay with a broker that has a preset. A preset names its differences. */
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
  passesOverHeldBack: false,
  takesTurns: true,
  redeliveryInOrder: true,
  boundsAllQueues: false,
  totalOrder: true,
  survivesNode: true,
  // A broker keeps messages with the header persistent:true, in queues that it keeps.
  survivesEngine: false
})

/** Tells whether every subscriber gets every message, as with a topic. */
export const isTopic = (destination: string): boolean => destination.startsWith('/topic/')

/**
 * The differences between one kind of broker and others. `rabbitmq()` and `activemq()` make the known ones.
 *
 * An object of your own fits any other broker that speaks STOMP.
 */
export interface BrokerDialect {
  /** The name, for logs. */
  readonly name: string
  /** The abilities of the broker. */
  readonly capabilities: BrokerCapabilities
  /** The character between the segments of a destination, as clients of the server write them. `/` by default. */
  readonly separator?: '/' | '.'
  /** Writes a client's destination in the broker's form: `/topic/rooms/7` as `/topic/rooms.7` (RELAY-4). A SEND has no wildcards. */
  toBroker (destination: string, what: 'send' | 'subscribe'): string
  /** Writes the destination of a MESSAGE in the form of clients. Returns `null` for a destination that no client may see. */
  fromBroker (destination: string): string | null
  /** Tells whether every subscriber gets every message, so that a subscription can be shared. `destination` has the client's form. */
  isFanOut (destination: string): boolean
  /** The destination over which the processes of one application send each other messages for users. No client can reach it. */
  readonly userTopic: string
  /** Removes the prefix that the broker itself puts before a `reply-to` that names a destination. By default there is none. */
  unwrapReplyTo? (replyTo: string): string
  /** The header of SUBSCRIBE that bounds unacknowledged messages. */
  readonly prefetchHeader: string
  /**
   * The way in which a `reply-to:/temp-queue/x` gets its subscription. `implicit`: the broker makes it (RELAY-9).
   * `subscribed`: the relay makes it. `none`: there are no temporary queues.
   */
  readonly temporaryQueues: 'implicit' | 'subscribed' | 'none'
  /** The headers of SEND and of SUBSCRIBE that mean something to this broker and that clients must not set (SEC-S67). */
  readonly privileged: ReadonlySet<string>
  /** Changes the headers of a SEND at the end, in place. It can give the time to live another name, for example. */
  prepare? (headers: Map<string, string>, now: number): void
}
