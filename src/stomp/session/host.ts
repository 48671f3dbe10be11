import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../../core/clock.ts'
import type { Tracing } from '../../telemetry/tracing.ts'
import type { Broker } from '../broker/broker.ts'
import type { ClientCommand, Frame, MessageLines } from '../codec/index.ts'
import type { ClientDestination, DestinationParser } from '../destinations.ts'
import type { Taps } from '../taps.ts'
import type { StompTelemetry } from '../telemetry.ts'
import type { RateLimiter } from './rate.ts'
import type { StompRefusals } from './refusal-log.ts'
import type { SessionSettings } from './settings.ts'
import type { StompSession } from './stomp-session.ts'
import type { Feed, Subscription } from './subscriptions.ts'
import type { MessageHandler } from './transactions.ts'

/** The application above the sessions, as a session asks it: rights and routes. */
export interface Application {
  /** Judges CONNECT, and sets the user and the expiry of the session. It throws to refuse. */
  checkConnect (session: StompSession, frame: Frame<ClientCommand>): void | Promise<void>
  /** Judges a SEND. It throws to refuse. */
  checkSend (session: StompSession, frame: Frame<ClientCommand>, destination: ClientDestination): void | Promise<void>
  /** Judges a SUBSCRIBE. It throws to refuse. */
  checkSubscribe (session: StompSession, frame: Frame<ClientCommand>, destination: ClientDestination): void | Promise<void>
  /** Finds the handler of messages for a destination that the broker does not own, `null` where there is none. */
  handlerFor (session: StompSession, destination: ClientDestination): MessageHandler | null
  /** Starts the answers to a subscription below the application prefix. Returns `null` where no route serves it. */
  feed (session: StompSession, subscription: Subscription, frame: Frame<ClientCommand>, destination: ClientDestination): Feed | null
}

/** The part above the sessions that follows their lives, for the hooks of the application and the registry of users. */
export interface SessionObserver {
  /** Tells that CONNECTED has gone out. */
  connected (session: StompSession): void
  /** Tells that the subscription is registered. */
  subscribed (session: StompSession, subscription: Subscription): void
  /** Tells that a registered subscription has ended. */
  unsubscribed (session: StompSession, subscription: Subscription): void
  /** Tells that the time of the session is over. An observer may set a later `expiresAt`. */
  expired (session: StompSession): void | Promise<void>
  /** Tells that the client has got an ERROR. */
  failed (session: StompSession, error: unknown): void
  /** Tells that the session takes part no more. Its last frames may still be on their way. */
  left (session: StompSession): void
  /** Tells that the session is over. The call comes exactly once for each session that was connected. */
  disconnected (session: StompSession, reason: { code: number, reason: string, clean: boolean, undelivered: number }): void
}

/** The parts of a server that its STOMP sessions need. */
export interface StompHost {
  readonly clock: Clock
  readonly log: FastifyBaseLogger
  readonly broker: Broker
  readonly taps: Taps
  readonly tracing: Tracing
  readonly destinations: DestinationParser
  readonly application: Application
  readonly observer: SessionObserver
  readonly settings: SessionSettings
  /** `name/version` for CONNECTED (STOMP-C4). */
  readonly server: string
  /** The bound of the frames of a user, `null` where there is none. */
  readonly rate: RateLimiter | null
  /** The log of refusals, for operators. */
  readonly refusals: StompRefusals
  /** The lines of the last MESSAGE. */
  readonly lines: MessageLines
  /** The numbers of all sessions. */
  readonly telemetry: StompTelemetry
}
