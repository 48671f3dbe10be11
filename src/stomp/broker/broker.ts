import type { ClusterNode } from '../../cluster/node.ts'
import type { Clock } from '../../core/clock.ts'
import type { Body, FrameHeaders } from '../codec/index.ts'
import type { Telemetry } from '../../telemetry/telemetry.ts'
import type { BrokerError } from '../refusals.ts'
import type { BrokerInspection } from './inspection.ts'
import type { Publication } from './publication.ts'

/** The way in which a client acknowledges, as its SUBSCRIBE says (STOMP-S3). */
export type AckMode = 'auto' | 'client' | 'client-individual'

/**
 * The state of a broker.
 *
 * - `starting`: it has not started yet;
 * - `available`: it takes frames;
 * - `unavailable`: it refuses frames;
 * - `blocked`: it takes no messages at the moment.
 */
export type BrokerState = 'starting' | 'available' | 'unavailable' | 'blocked'

/** The abilities of a broker. For each one that is false, the contract tests check that its use fails with a clear error. */
export interface BrokerCapabilities {
  /** Queues, with competing consumers and redelivery. */
  readonly queues: boolean
  /** Subscriptions to topics with `client` or `client-individual` hold messages until they are acknowledged. */
  readonly topicAcknowledgements: boolean
  /** A message that a client refused by NACK comes again. */
  readonly nackRequeues: boolean
  /** A message that a client refused goes to another consumer first, if there is one. */
  readonly nackPassesOn: boolean
  /** UNSUBSCRIBE gives unacknowledged messages back at once. Without it, only the end of the connection does. */
  readonly unsubscribeReleases: boolean
  /** Messages that no consumer could handle go to a queue of their own. */
  readonly deadLetters: boolean
  /** Messages of queues can expire. */
  readonly timeToLive: boolean
  /** A client has temporary queues, `/temp-queue/x`, to name in `reply-to`. */
  readonly temporaryQueues: boolean
  /** A client can subscribe to topics by a pattern. */
  readonly wildcards: boolean
  /** Topics keep their last messages for `x-recover`. */
  readonly history: boolean
  /** COMMIT shows all its messages at once, or none. */
  readonly atomicTransactions: boolean
  /** A consumer whose client takes no more is passed over. Without it, messages that it was given wait with it. */
  readonly passesOverHeldBack: boolean
  /** The consumers of a queue take turns. Without it, each takes as many messages as it has room for. */
  readonly takesTurns: boolean
  /** A message of a queue that comes back stands before later ones. Without it, later messages may come first. */
  readonly redeliveryInOrder: boolean
  /** The bytes of all queues together have a bound, `maxBytes`. Without it, only each queue has bounds, or the messaging system has its own. */
  readonly boundsAllQueues: boolean
  /** All subscribers of a topic get its messages in the same order. Without it, that holds for the messages of each publisher. */
  readonly totalOrder: boolean
  /** Messages that were accepted outlive the process that accepted them. */
  readonly survivesNode: boolean
  /** Messages of queues and histories outlive a restart of the messaging system, too. */
  readonly survivesEngine: boolean
}

/** A message for the sessions of one user, in this process and in others. */
export interface UserMessage {
  /** The name of the user. */
  readonly user: string
  /** The destination to which the sessions of the user subscribed, such as `/user/queue/x`. */
  readonly destination: string
  /** The headers, without the reserved ones. */
  readonly headers: FrameHeaders
  /** The body, text or bytes. */
  readonly body: Body
}

/** A message that a client or the application publishes. The headers of the user stay, the reserved ones do not (STOMP-M4, M5). */
export interface OutgoingMessage {
  /** The destination of the message. */
  readonly destination: string
  /** The headers that subscribers get. The server adds its own. A broker must not change them, because other messages share them. */
  readonly headers: FrameHeaders
  /** The body, text or bytes. */
  readonly body: Body
  /**
   * An id that the broker uses for the message. A broker that remembers ids drops a second publication with the id. Letters, digits, `.`, `_` and `-`.
   */
  readonly id?: string
}

/** A subscription as the broker sees it. */
export interface BrokerSubscription {
  /** A key that is unique on the connection. The session makes it, and it is not always the id of the client. */
  readonly key: string
  /** The destination as the client wrote it, or a pattern if the broker has them. */
  readonly destination: string
  /** The way in which the client acknowledges messages. */
  readonly ack: AckMode
  /** All headers of SUBSCRIBE. The broker reads its own, such as `prefetch-count` and `x-recover`. */
  readonly headers: FrameHeaders
}

/** The facts about a new subscription that the client gets on its RECEIPT. */
export interface SubscribeResult {
  /** True when every missed message is delivered. It is there with `x-recover` only. */
  readonly recovered?: boolean
  /** The position of the history, `<epoch>:<offset>`, for the `x-recover` of a client that has got no message yet. */
  readonly position?: string
}

/** One message for one subscription. */
export interface Delivery {
  /** The `key` of the subscription. */
  readonly key: string
  /** The message, encoded once for all of its subscribers. */
  readonly publication: Publication
  /** The handle for `ack` and `nack`, `null` if the message needs no acknowledgement. */
  readonly handle: DeliveryHandle | null
  /** True when a consumer has had the message before (STOMP-A5). */
  readonly redelivered: boolean
  /** More headers, of this delivery alone. */
  readonly headers?: Iterable<readonly [string, string]>
}

/** A name for a delivery. Only the broker that made it reads it. */
export type DeliveryHandle = object

/** The session, as a broker sees it. */
export interface BrokerSink {
  /** Takes a message. It never throws. `false` asks for no more messages of queues until `resume()`. */
  deliver (delivery: Delivery): boolean
  /** Tells that one subscription has ended at the broker. The client gets an ERROR, because STOMP has no other frame for it. */
  subscriptionEnded (key: string, error: BrokerError): void
  /** Tells that the connection has ended. The client gets an ERROR, and the session closes. */
  ended (error: BrokerError): void
}

/** One step of a transaction. The session collects the steps, and COMMIT hands them over together (STOMP-T3). */
export type TransactionStep =
  {
    /** A SEND. */
    readonly type: 'publish'
    /** The message that it sends. */
    readonly message: OutgoingMessage
  } |
  {
    /** An ACK or a NACK. */
    readonly type: 'ack' | 'nack'
    /** The deliveries that it names. */
    readonly handles: readonly DeliveryHandle[]
  }

/** A result, at once or later. Most operations of an embedded broker are done when they return and need no promise. */
export type Done<T = void> = T | Promise<T>

/**
 * The connection of a session to the broker. Operations take effect in the order in which they are called.
 * The session has checked the rules of STOMP before: ids are unique, handles are live, transactions are complete.
 * A refusal throws or rejects with a `BrokerError`.
 */
export interface BrokerConnection {
  /** Adds a subscription. It is done when every later publication is delivered (STOMP-R2). Deliveries may come before that. */
  subscribe (subscription: BrokerSubscription): Done<SubscribeResult | void>
  /** Ends a subscription. It is done when no more deliveries come (STOMP-S5). Unacknowledged messages go back (STOMP-S6). */
  unsubscribe (key: string): Done
  /** Publishes a message. It is done when the broker has the message. */
  publish (message: OutgoingMessage): Done
  /** Acknowledges deliveries. In `client` mode the session names each one, the earlier ones too (STOMP-A1). */
  ack (handles: readonly DeliveryHandle[]): Done
  /** Refuses deliveries. The broker gives them to another consumer, moves them to the dead letters or drops them. */
  nack (handles: readonly DeliveryHandle[]): Done
  /** Does all steps, contiguous and in order, or none. */
  commit (steps: readonly TransactionStep[]): Done
  /** Tells that the sink takes messages again, after it has returned `false`. */
  resume (): void
  /** Waits until the broker takes more, `undefined` if it does already. Until then the session holds the client back. */
  room (): Promise<void> | undefined
  /** Ends the connection. Unacknowledged messages go to the next consumer, in order (STOMP-A5). */
  close (): Done
}

/** The facts about a session that connects. */
export interface BrokerClient {
  /** The id of the STOMP session. It cannot be guessed, and is made of letters, digits, `_` and `-`. */
  readonly session: string
  /** The name of the user, or the empty string. */
  readonly user: string
  /** The CONNECT headers, credentials included. */
  readonly headers: FrameHeaders
  /** A signal that aborts when the client has gone, so that the broker stops to connect. */
  readonly signal: AbortSignal
}

/** The part of a log that a broker writes to. */
export interface BrokerLog {
  /** Logs an event, for a search for a mistake. */
  debug (data: object, text: string): void
  /** Logs news for operators. */
  info (data: object, text: string): void
  /** Logs a problem that needs attention, although the broker works. */
  warn (data: object, text: string): void
  /** Logs a failure. */
  error (data: object, text: string): void
}

/** The parts of the server that a broker needs. */
export interface BrokerContext {
  /** The clock of the server. */
  readonly clock: Clock
  /** The log of the scope in which the plugin was registered. */
  readonly log: BrokerLog
  /** The prefixes of the destinations of the application, such as `/app`. The server handles these destinations itself. */
  readonly applicationPrefixes: readonly string[]
}

/** A broker. It gets the messages that no route of the application takes. */
export interface Broker {
  /** The character between the segments of a destination, after its prefix. */
  readonly separator: '/' | '.'
  /** The abilities of the broker. */
  readonly capabilities: BrokerCapabilities
  /** The state, for a readiness check. */
  readonly state: BrokerState
  /** Calls `listener` with every change of `state`, and with a reason for operators if there is one (RELAY-26). */
  onState (listener: (state: BrokerState, reason: string) => void): void
  /** @internal Gives the broker its node among several. The server calls it once, before anything starts, if it has an engine. */
  join? (node: ClusterNode): void
  /** @internal Adds the numbers of the broker to those of the server. The server calls it once, before it starts the broker. */
  report? (telemetry: Telemetry): void
  /** @internal Tells whether a destination is a topic or a queue, for the metrics. A broker without it has only topics. */
  kindOf? (destination: string): 'topic' | 'queue'
  /** Starts the broker. The server calls it once, before it listens. */
  start (context: BrokerContext): Promise<void>
  /** Stops the broker. The server calls it once, when all sessions are closed. */
  stop (): Promise<void>
  /** Tells whether a client may send to a destination of this broker, or subscribe to it. */
  accepts (destination: string, what: 'send' | 'subscribe'): boolean
  /**
   * Tells whether a destination is a queue of one session.
   *
   * Only that session, and the receivers of its address, can name the queue, so that it needs no rule.
   */
  isPrivate (destination: string): boolean
  /** Makes a connection for one session. `sink` gets the messages that it delivers. */
  connect (client: BrokerClient, sink: BrokerSink): Done<BrokerConnection>
  /** Publishes for the application. It resolves when the broker has the message. */
  publish (message: OutgoingMessage): Promise<void>
  /** Sends a message for a user to the other processes at the same broker, if there are any. */
  publishToUser (message: UserMessage): Done
  /** Calls `listener` with each message for a user that another process sends. */
  onUserMessage (listener: (message: UserMessage) => void): void
  /** Shows the content of the broker to operators. A broker without it has nothing to show. */
  inspect? (): BrokerInspection
}
