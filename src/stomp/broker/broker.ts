import type { Clock } from '../../clock/index.ts'
import type { Body, FrameHeaders } from '../codec/index.ts'
import type { Publication } from './publication.ts'

/** What a client chose in SUBSCRIBE (STOMP-S3). */
export type AckMode = 'auto' | 'client' | 'client-individual'

/** - `starting`: not asked yet; - `available`; - `unavailable`: frames are refused; - `blocked`: takes no messages for now. */
export type BrokerState = 'starting' | 'available' | 'unavailable' | 'blocked'

/** What a broker can do. The contract tests read this table: what is false is shown to fail in clear words. */
export interface BrokerCapabilities {
  /** `/queue/…`: competing consumers, redelivery. */
  readonly queues: boolean
  /** `client` and `client-individual` on topics hold messages until they are acknowledged. */
  readonly topicAcknowledgements: boolean
  /** A message that was refused by NACK comes again. */
  readonly nackRequeues: boolean
  /** And first to another consumer, where there is one. */
  readonly nackPassesOn: boolean
  /** UNSUBSCRIBE gives back what is unacknowledged at once; elsewhere only the end of the connection does. */
  readonly unsubscribeReleases: boolean
  /** What nobody could handle is kept apart. */
  readonly deadLetters: boolean
  /** Messages of queues can expire. */
  readonly timeToLive: boolean
  /** `/temp-queue/…` with `reply-to`. */
  readonly temporaryQueues: boolean
  /** SUBSCRIBE to topics by a pattern. */
  readonly wildcards: boolean
  /** `x-recover`: topics remember their last messages. */
  readonly history: boolean
  /** COMMIT shows all its messages at once, or none. */
  readonly atomicTransactions: boolean
  /** A consumer whose client takes no more is passed over; elsewhere, what was given to it waits with it. */
  readonly passesOverHeldBack: boolean
}

/** A message for the sessions of one user, wherever they are. */
export interface UserMessage {
  /** The user's name. */
  readonly user: string
  /** `/user/queue/x`, as its sessions subscribed it. */
  readonly destination: string
  /** Without reserved headers. */
  readonly headers: FrameHeaders
  /** Text or bytes. */
  readonly body: Body
}

/** A message that a client or the application publishes: reserved headers are gone, user headers stay (STOMP-M4, M5). */
export interface OutgoingMessage {
  /** Where it goes. */
  readonly destination: string
  /** What subscribers get, but for the headers that the server adds. */
  readonly headers: FrameHeaders
  /** Text or bytes. */
  readonly body: Body
}

/** A subscription as the broker sees it. */
export interface BrokerSubscription {
  /** Unique on its connection; the session's own, not always the client's id. */
  readonly key: string
  /** As the client wrote it; a pattern where the broker knows them. */
  readonly destination: string
  /** How messages are acknowledged. */
  readonly ack: AckMode
  /** All headers of SUBSCRIBE, for those that are the broker's own (`prefetch-count`, `x-recover`). */
  readonly headers: FrameHeaders
}

/** What a subscription tells its client, beside messages; sent on its RECEIPT. */
export interface SubscribeResult {
  /** With `x-recover`: whether all that was missed is delivered. */
  readonly recovered?: boolean
  /** Where the topic's history stood, `<epoch>:<offset>`: for `x-recover` of a client that has not got a message yet. */
  readonly position?: string
}

/** One message for one subscription. */
export interface Delivery {
  /** The `key` of the subscription. */
  readonly key: string
  /** The message, encoded once for all of its subscribers. */
  readonly publication: Publication
  /** What `ack` and `nack` name; `null` where nothing is to be acknowledged. */
  readonly handle: DeliveryHandle | null
  /** Whether somebody has had it before (STOMP-A5). */
  readonly redelivered: boolean
  /** More headers of this delivery alone (`x-offset`, …). */
  readonly headers?: Iterable<readonly [string, string]>
}

/** Names a delivery to the broker that made it; opaque to everybody else. */
export type DeliveryHandle = object

/** The session, as a broker sees it. */
export interface BrokerSink {
  /** Takes a message. False: better no more from queues until `resume()`. Never throws. */
  deliver (delivery: Delivery): boolean
  /** One subscription has ended at the broker. The session tells its client by an ERROR: STOMP has no milder word. */
  subscriptionEnded (key: string, error: BrokerError): void
  /** The connection has ended: the session gets an ERROR and closes. */
  ended (error: BrokerError): void
}

/** Why a broker refuses something. `message` is for the client: it names no host, no path, no internals. */
export class BrokerError extends Error {
  /** Stable, for the header `code` of the ERROR. */
  readonly code: string
  /** False where only the operation failed and the connection is as good as before. */
  readonly fatal: boolean

  /** @param cause for the log alone: it may name hosts and quote the broker, and no client sees it */
  constructor (code: string, message: string, fatal = true, cause?: Error) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'BrokerError'
    this.code = code
    this.fatal = fatal
  }
}

/** One step of a transaction: the session collects them, and COMMIT hands them over together (STOMP-T3). */
export type Operation =
  {
    /** A SEND. */
    readonly type: 'publish'
    /** What it sends. */
    readonly message: OutgoingMessage
  } |
  {
    /** An ACK or a NACK. */
    readonly type: 'ack' | 'nack'
    /** The deliveries that are meant. */
    readonly handles: readonly DeliveryHandle[]
  }

/** `undefined` means done already: most operations of an embedded broker need no promise. */
export type Done<T = void> = T | Promise<T>

/**
 * A session's connection to the broker. Operations take effect in the order in which they are called; the session
 * has checked the rules of STOMP before: ids are unique, handles are live, transactions are complete.
 * A refusal throws or rejects with a `BrokerError`.
 */
export interface BrokerConnection {
  /** Done when later publications of anybody are delivered (STOMP-R2). Deliveries may come before it returns. */
  subscribe (subscription: BrokerSubscription): Done<SubscribeResult | void>
  /** Done when no delivery of the subscription comes any more (STOMP-S5). What is unacknowledged goes back (STOMP-S6). */
  unsubscribe (key: string): Done
  /** Done when the broker has the message. */
  publish (message: OutgoingMessage): Done
  /** In `client` mode the session names every delivery that is meant (STOMP-A1). */
  ack (handles: readonly DeliveryHandle[]): Done
  /** What is refused goes to another consumer, to the dead letters or nowhere, as the broker does. */
  nack (handles: readonly DeliveryHandle[]): Done
  /** All steps, contiguous and in order, or none. */
  commit (operations: readonly Operation[]): Done
  /** The sink takes messages again after it has said false. */
  resume (): void
  /** Resolves when the broker takes more; `undefined` when it does already. Until then the client is held back. */
  room (): Promise<void> | undefined
  /** Ends the connection: what is unacknowledged goes to the next consumer, in order (STOMP-A5). */
  close (): Done
}

/** What a broker may know of the session that connects. */
export interface BrokerClient {
  /** The STOMP session's id, unguessable, made of letters, digits, `_` and `-`. */
  readonly session: string
  /** The name of the user, or the empty string. */
  readonly user: string
  /** The CONNECT headers, credentials included. */
  readonly headers: FrameHeaders
  /** Aborts when the client has gone: a connection that is being made is wanted no more. */
  readonly signal: AbortSignal
}

/** As much of a log as a broker writes to. */
export interface BrokerLog {
  /** What happens, for whoever looks for a mistake. */
  debug (data: object, text: string): void
  /** What operators may want to know. */
  info (data: object, text: string): void
  /** What needs attention, though all works. */
  warn (data: object, text: string): void
  /** What does not work. */
  error (data: object, text: string): void
}

/** What a broker needs of the server. */
export interface BrokerContext {
  /** Where time comes from. */
  readonly clock: Clock
  /** The log of the scope in which the plugin was registered. */
  readonly log: BrokerLog
}

/** Where messages go when no application route takes them. */
export interface Broker {
  /** What stands between the segments of a destination, behind its prefix. */
  readonly separator: '/' | '.'
  /** What it can do. */
  readonly capabilities: BrokerCapabilities
  /** Whether it takes messages now: what a readiness check asks. */
  readonly state: BrokerState
  /** Tells of every change of `state`, with the reason where there is one to tell operators (RELAY-26). */
  onState (listener: (state: BrokerState, reason: string) => void): void
  /** Called once, before the server listens. */
  start (context: BrokerContext): Promise<void>
  /** Called once, when all sessions are closed. */
  stop (): Promise<void>
  /** Whether a destination is this broker's; `what` is what a client wants with it. */
  accepts (destination: string, what: 'send' | 'subscribe'): boolean
  /** Whether a destination is a queue of one session, which only that session, or who was given its address, can name: no rule is needed. */
  isPrivate (destination: string): boolean
  /** A connection for one session; `sink` gets what it delivers. */
  connect (client: BrokerClient, sink: BrokerSink): Done<BrokerConnection>
  /** Publishes for the application; resolves when the broker has the message. */
  publish (message: OutgoingMessage): Promise<void>
  /** Tells the other processes at the same broker of a message for a user; nothing to do where there are none. */
  publishToUser (message: UserMessage): Done
  /** Gets what the other processes tell. */
  onUserMessage (listener: (message: UserMessage) => void): void
}
