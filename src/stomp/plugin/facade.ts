import type { FastifyInstance } from 'fastify'
import type { StompErrorHandler } from '../application/application.ts'
import type { DestinationLike } from '../application/destination.ts'
import type { HookName, StompHooks } from '../application/hooks.ts'
import { type MessageHandler, MessageRoute, type MessageRouteOptions } from '../application/message-routes.ts'
import type { SendOptions, UserDelivery } from '../application/sender.ts'
import { type SubscribeHandler, SubscribeRoute, type SubscribeRouteOptions } from '../application/subscribe-routes.ts'
import type { SubscriptionEntry, Users } from '../application/users.ts'
import type { Broker } from '../broker/broker.ts'
import { stompErrors } from '../errors.ts'
import type { StompSession } from '../session/stomp-session.ts'
import type { InjectedClient, InjectOptions } from './inject.ts'
import type { StompServer } from './server.ts'

/** Which sessions `close()` means. */
export interface SessionFilter {
  /** All sessions of the user of that name. */
  readonly user?: string
  /** The session with that id. */
  readonly session?: string
  /** Every session. */
  readonly all?: true
}

/** `app.stomp`: routes, users and messages, bound to the scope it is read in for its schema compiler. */
export interface StompFacade {
  /**
   * Adds a route for SENDs to `<application prefix><path>`.
   *
   * @throws FST_STOMP_INVALID_ROUTE, FST_STOMP_DUPLICATE_ROUTE
   */
  message<Body = unknown, Params = Record<string, string>> (path: string, options: MessageRouteOptions, handler: MessageHandler<Body, Params>): void
  /** Adds a route without options. */
  message<Body = unknown, Params = Record<string, string>> (path: string, handler: MessageHandler<Body, Params>): void
  /** Adds a route for SUBSCRIBEs to `<application prefix><path>`: one answer, or a stream that lives as long as the subscription. */
  subscribe<Params = Record<string, string>> (path: string, options: SubscribeRouteOptions, handler: SubscribeHandler<Params>): void
  /** Adds a route without options. */
  subscribe<Params = Record<string, string>> (path: string, handler: SubscribeHandler<Params>): void
  /** Sends to a destination of the broker. Strings and bytes go as they are, everything else as JSON. Resolves when the broker has it. */
  publish<T> (destination: DestinationLike<T>, value: T, options?: SendOptions): Promise<void>
  /** Sends to every session of a user that subscribes `/user<destination>`. */
  publishToUser<T> (user: string, destination: DestinationLike<T>, value: T, options?: SendOptions): UserDelivery
  /** Sends to one session, by itself or its id, if it subscribes `/user<destination>`: the way to reach an anonymous client. */
  publishToSession<T> (session: StompSession | string, destination: DestinationLike<T>, value: T, options?: SendOptions): UserDelivery
  /**
   * Adds a hook; see `StompHooks`.
   *
   * @throws FST_STOMP_INVALID_OPTION
   */
  addHook<N extends HookName> (name: N, hook: StompHooks[N]): void
  /** Decides what a client is told of an error of a handler; `undefined` leaves it to the default. */
  setErrorHandler (handler: StompErrorHandler): void
  /** Who is connected. */
  readonly users: Users
  /** The subscriptions of all sessions, or those to one destination. */
  subscriptions (filter?: { destination?: string }): SubscriptionEntry[]
  /** Closes sessions; returns how many. */
  close (filter: SessionFilter, code?: number, reason?: string): number
  /** All connected sessions, anonymous ones too. */
  readonly sessions: ReadonlySet<StompSession>
  /** The broker that was given at registration. */
  readonly broker: Broker
  /** The port that listens for STOMP over TCP, or `null`. */
  readonly tcpPort: number | null
  /** A client without sockets, for tests. */
  inject (options?: InjectOptions): Promise<InjectedClient>
}

export function stompFacade (server: StompServer, scope: FastifyInstance): StompFacade {
  const { messages, subscribes, sender, users, hooks } = server.parts
  return {
    message (path: string, options: MessageRouteOptions | MessageHandler<never, never>, handler?: MessageHandler<never, never>): void {
      const route = typeof options === 'function' ? new MessageRoute(path, {}, options) : new MessageRoute(path, options, handler!)
      messages.add(path, route)
      server.whenReady(() => route.compile(scope))
    },
    subscribe (path: string, options: SubscribeRouteOptions | SubscribeHandler<never>, handler?: SubscribeHandler<never>): void {
      const route = typeof options === 'function' ? new SubscribeRoute(path, {}, options) : new SubscribeRoute(path, options, handler!)
      subscribes.add(path, route)
      server.whenReady(() => route.compile(scope))
    },
    publish: (destination, value, options) => sender.publish(destination, value, options),
    publishToUser: (user, destination, value, options) => sender.publishToUser(user, destination, value, options),
    publishToSession: (session, destination, value, options) => sender.toSessions(sessionsNamed(users, session), destination, value, options),
    addHook: (name, hook) => hooks.add(name, hook),
    setErrorHandler (handler) { server.parts.errorHandler = handler },
    users,
    subscriptions: (filter) => users.subscriptions(filter),
    close: (filter, code, reason) => closeSessions(users, filter, code, reason),
    sessions: users.sessions,
    broker: server.broker,
    get tcpPort () { return server.tcpPort },
    inject: (options) => server.inject(options)
  }
}

function sessionsNamed (users: Users, session: StompSession | string): StompSession[] {
  return [...users.sessions].filter((each) => each === session || each.id === session)
}

function closeSessions (users: Users, { user, session: id, all }: SessionFilter, code?: number, reason?: string): number {
  // A user that is `undefined` by mistake must not mean everybody.
  if (user === undefined && id === undefined && all !== true) throw new stompErrors.InvalidOption('close', 'name a user, a session or all')
  let count = 0
  for (const session of [...users.sessions]) {
    if ((user !== undefined && session.user?.name !== user) || (id !== undefined && session.id !== id)) continue
    session.close(code, reason)
    count++
  }
  return count
}
