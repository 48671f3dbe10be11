import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../../core/clock.ts'
import type { Broker, OutgoingMessage } from '../broker/broker.ts'
import type { ClientCommand, Frame, FrameLimits } from '../codec/index.ts'
import type { RateLimiter } from './rate.ts'
import type { RefusalLog } from './refusal-log.ts'
import type { StompSession } from './stomp-session.ts'
import type { Subscription } from './subscriptions.ts'

/** What bounds one STOMP session (STOMP-L1, STOMP-L2, STOMP-T6, SEC-S28, SEC-S29). Counts, octets, milliseconds. */
export interface StompLimits extends FrameLimits {
  readonly subscriptions: number
  readonly destination: number
  readonly transactions: number
  readonly transactionFrames: number
  readonly transactionBytes: number
  readonly unacknowledged: number
  /** Streams of answers of message routes that run at a time: each keeps a generator. */
  readonly streams: number
  /** Empty lines that may come in one second, beyond the heart-beats (SEC-S35). */
  readonly eols: number
  readonly connectTimeout: number
  /** Octets that may wait while a frame is being handled; above it the client is held back. */
  readonly pending: number
}

/** Heart-beats, in milliseconds. */
export interface HeartBeatOptions {
  /** What the server offers to send and wants to get; `null` mirrors the client's wish (STOMP-H2). */
  readonly fixed: readonly [outgoing: number, incoming: number] | null
  readonly minimum: number
  /** Silence of this many intervals ends the session, but not below `toleranceFloor` for intervals of 10 s and more (STOMP-H4). */
  readonly tolerance: number
  readonly toleranceFloor: number
}

/** A message of a client for the application, or one that a route sends. */
export interface IncomingMessage extends OutgoingMessage {
  readonly session: StompSession
  /** What the ERROR must name if the message fails (STOMP-X1). */
  readonly receipt: string | undefined
}

/** What a subscription of the application's own is fed by; ends with it. */
export interface Feed {
  /** The route has answered, or begun to stream. Never rejects. */
  readonly ready: Promise<void>
  stop (): void
}

/** The part above the sessions: routes, users, rules, hooks. */
export interface Application {
  /** Sets user and expiry from CONNECT; throws to refuse. */
  connecting (session: StompSession, frame: Frame<ClientCommand>): void | Promise<void>
  connected (session: StompSession): void
  /** Whether this client may do this; throws to refuse. */
  checkSend (session: StompSession, frame: Frame<ClientCommand>): void | Promise<void>
  checkSubscribe (session: StompSession, frame: Frame<ClientCommand>): void | Promise<void>
  /** Whose the destination is. */
  ownerOf (destination: string): 'application' | 'user' | 'broker'
  /** Whether a message route takes the destination. */
  serves (destination: string): boolean
  /** Runs the message route. Errors of the handler are dealt with inside; what this throws ends the session. */
  handle (message: IncomingMessage): void | Promise<void>
  /** Whether a client may have its answers sent there; throws to refuse. */
  checkReplyTo (session: StompSession, destination: string): void | Promise<void>
  /** Sends to the users a destination names. */
  sendToUser (message: IncomingMessage): void | Promise<void>
  /** Starts what feeds a subscription below the application prefix; `null` when no route serves it. */
  feed (session: StompSession, subscription: Subscription, frame: Frame<ClientCommand>): Feed | null
  subscribed (session: StompSession, subscription: Subscription): void
  unsubscribed (session: StompSession, subscription: Subscription): void
  /** The session takes part no more; its last frames may still be on their way. */
  left (session: StompSession): void
  /** The session is over; called exactly once for every session that `connected` was called for. */
  disconnected (session: StompSession, reason: { code: number, reason: string, clean: boolean, undelivered: number }): void
  /** A client has got an ERROR. */
  failed (session: StompSession, error: unknown): void
  /** The time of a session is over: may renew it by a later `expiresAt`. */
  expired (session: StompSession): void | Promise<void>
}

/** What a STOMP session needs of the plugin. */
export interface StompHost {
  readonly clock: Clock
  readonly log: FastifyBaseLogger
  readonly broker: Broker
  readonly application: Application
  readonly limits: StompLimits
  readonly heartBeat: HeartBeatOptions
  /** `name/version` for CONNECTED (STOMP-C4). */
  readonly server: string
  /** Virtual hosts; `null` accepts any, and none (STOMP-C5, STOMP-C6). */
  readonly hosts: ReadonlySet<string> | null
  /** How often a user may send and subscribe; `null` for no bound. */
  readonly rate: RateLimiter | null
  /** Tells operators whom the server refuses. */
  readonly refusals: RefusalLog
  /** When frames inside a transaction get their receipts (STOMP-T5). */
  readonly transactionReceipts: 'commit' | 'immediate'
  /** Which WebSocket messages carry frames (STOMP-W6). */
  readonly messages: 'auto' | 'text' | 'binary'
}
