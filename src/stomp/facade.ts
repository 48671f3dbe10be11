import type { FastifyInstance, FastifyTypeProvider, FastifyTypeProviderDefault } from 'fastify'
import type { ContractShape } from '../contract.ts'
import { expected, firstProblem, func, plainObject } from '../core/check.ts'
import type { AsyncApiDocument, AsyncApiOptions } from './asyncapi/index.ts'
import type { Broker } from './broker/broker.ts'
import { checkFilter, closeSessions, type SessionFilter } from './cluster/filter.ts'
import type { StompCluster } from './cluster/stomp-cluster.ts'
import { addContract } from './contracts.ts'
import type { Metric } from '../telemetry/metric.ts'
import type { Documents } from './documents.ts'
import { stompErrors } from './errors.ts'
import type { HookName, StompHooks } from './hooks.ts'
import type { InjectedClient, InjectOptions } from './inject.ts'
import type { StompErrorHandler } from './routes/failures.ts'
import type { BodyKind } from './routes/content.ts'
import type { ContractHandlers, ContractSender } from './routes/contract-types.ts'
import { DestinationSchemas } from './routes/destination-schemas.ts'
import { type AnyMessageHandler, type MessageHandler, MessageRoute, type MessageRouteOptions } from './routes/message-routes.ts'
import type { AnswerOf, BodyOf, HeadersOf, ParamsOf, StompRouteGeneric } from './routes/route-types.ts'
import type { RequestOptions, SendOptions, UserDelivery } from './routes/sender.ts'
import { type AnySubscribeHandler, type SubscribeHandler, SubscribeRoute, type SubscribeRouteOptions, type SubscribeSchema } from './routes/subscribe-routes.ts'
import type { DestinationLike } from './routes/typed-destination.ts'
import type { RouteSchema } from './routes/validation.ts'
import type { StompServer } from './server.ts'
import type { StompSession } from './session/stomp-session.ts'
import type { Tap } from './taps.ts'
import type { SubscriptionEntry, Users } from './users.ts'

/**
 * The facade `app.stomp`: routes, users and messages.
 *
 * It is bound to the scope in which it is read, with its schema compiler and its type provider. `Types` is the type provider.
 */
export interface StompFacade<Types extends FastifyTypeProvider = FastifyTypeProviderDefault> {
  /**
   * Adds a route for SENDs to `<application prefix><path>`.
   *
   * The handler has the types of the schemas, by the type provider of the scope, and of the path. Types given by hand stand above them: `message<{ Body: Order }>(…)`.
   *
   * @throws FST_STOMP_INVALID_ROUTE, FST_STOMP_DUPLICATE_ROUTE
   */
  message<
    Given extends StompRouteGeneric = {}, const Path extends string = string, const Schema extends RouteSchema = {}, Kind extends BodyKind = BodyKind
  > (path: Path, options: MessageRouteOptions<Schema, Kind>, handler: MessageHandler<
    BodyOf<Types, Given, Schema, Kind>, ParamsOf<Types, Given, Schema, Path>, HeadersOf<Types, Given, Schema>, AnswerOf<Types, Given, Schema>
  >): void
  /** Adds a route without options. */
  message<Given extends StompRouteGeneric = {}, const Path extends string = string> (
    path: Path, handler: MessageHandler<BodyOf<Types, Given, {}, BodyKind>, ParamsOf<Types, Given, {}, Path>, HeadersOf<Types, Given, {}>, AnswerOf<Types, Given, {}>>
  ): void
  /** Adds a route for SUBSCRIBEs to `<application prefix><path>`. It gives one answer, or a stream that ends with the subscription. */
  subscribe<Given extends StompRouteGeneric = {}, const Path extends string = string, const Schema extends SubscribeSchema = {}> (
    path: Path, options: SubscribeRouteOptions<Schema>, handler: SubscribeHandler<ParamsOf<Types, Given, Schema, Path>, HeadersOf<Types, Given, Schema>, AnswerOf<Types, Given, Schema>>
  ): void
  /** Adds a route without options. */
  subscribe<Given extends StompRouteGeneric = {}, const Path extends string = string> (
    path: Path, handler: SubscribeHandler<ParamsOf<Types, Given, {}, Path>, HeadersOf<Types, Given, {}>, AnswerOf<Types, Given, {}>>
  ): void
  /**
   * Adds the routes of a contract, one for each message and each subscription, and returns its sender.
   *
   * The types of handlers and of values are those of the contract. Its schemas are compiled by the compilers of the scope when the application is ready.
   *
   * @throws FST_STOMP_INVALID_CONTRACT, FST_STOMP_INVALID_ROUTE, FST_STOMP_DUPLICATE_ROUTE
   */
  contract<const Contract extends ContractShape> (contract: Contract, handlers: ContractHandlers<Contract>): ContractSender<Contract>
  /** Sends to a destination of the broker. Strings and bytes go as they are, other values as JSON. Resolves when the broker has the message. */
  publish<T> (destination: DestinationLike<T>, value: NoInfer<T>, options?: SendOptions): Promise<void>
  /**
   * Sends to every session of a user that subscribes `/user<destination>`.
   *
   * With `clusterBroker()` and with a relay, the sessions of other processes get it too. The result counts the sessions of this process.
   */
  publishToUser<T> (user: string, destination: DestinationLike<T>, value: NoInfer<T>, options?: SendOptions): UserDelivery
  /**
   * Sends to one session, by itself or its id, if it subscribes `/user<destination>`.
   *
   * An anonymous client is reached in this way. With an engine, the id may be that of a session of another node. Then `elsewhere` resolves when the engine has the message.
   */
  publishToSession<T> (session: StompSession | string, destination: DestinationLike<T>, value: NoInfer<T>, options?: SendOptions): UserDelivery
  /**
   * Asks one session, by itself or its id on any node, and resolves with its answer.
   *
   * The session gets the question at its subscription `/user<destination>`, with a `reply-to` of its own, to which no other client can answer. The client sends its
   * answer there, or the header `error` with a text, to refuse.
   *
   * @throws FST_STOMP_REQUEST_GONE, FST_STOMP_REQUEST_UNHEARD, FST_STOMP_REQUEST_TIMEOUT, FST_STOMP_REQUEST_UNREACHABLE, FST_STOMP_REQUEST_REFUSED,
   * FST_STOMP_REQUEST_INVALID, and the reason of the signal
   */
  request<Answer = unknown, T = unknown> (session: StompSession | string, destination: DestinationLike<T>, value: NoInfer<T>, options?: RequestOptions): Promise<Answer>
  /**
   * Adds a function that gets each message that this node gives to the broker.
   *
   * Such a message comes from a SEND, a COMMIT, `publish()` or the answer of a route.
   * `pattern` matches destinations of the broker: `*` stands for one segment, `**` at the end for the rest.
   *
   * @throws FST_STOMP_INVALID_OPTION
   */
  tap (pattern: string, tap: Tap): void
  /**
   * Adds a hook of `StompHooks`.
   *
   * @throws FST_STOMP_INVALID_OPTION
   */
  addHook<N extends HookName> (name: N, hook: StompHooks[N]): void
  /** Sets the function that decides the error that a client gets when a handler fails. `undefined` leaves it to the default. */
  setErrorHandler (handler: StompErrorHandler): void
  /** The users that are connected to this node. */
  readonly users: Users
  /** The calls that concern the sessions of all nodes. */
  readonly cluster: StompCluster
  /** Lists the subscriptions of all sessions of this node, or the subscriptions to one destination. */
  subscriptions (filter?: { destination?: string }): SubscriptionEntry[]
  /**
   * Closes sessions of this node. Returns their number. `cluster.close()` closes those of all nodes.
   *
   * @throws FST_STOMP_INVALID_OPTION for a filter that is not clear, FST_SOCKJS_INVALID_CLOSE for a wrong code or reason
   */
  close (filter: SessionFilter, code?: number, reason?: string): number
  /** All sessions that are connected to this node, anonymous ones too. */
  readonly sessions: ReadonlySet<StompSession>
  /** The broker that was given at registration. */
  readonly broker: Broker
  /** The port that listens for STOMP over TCP, or `null`. */
  readonly tcpPort: number | null
  /** @internal The registration. The inspector reads the presence from it. */
  readonly server: StompServer
  /**
   * Reads all instruments of the STOMP product: sessions, subscriptions, frames, errors, routes, and the broker.
   *
   * docs/observability.md lists them. The values are those of this process.
   */
  metrics (): Metric[]
  /**
   * Makes the document of the API: destinations, messages, schemas and servers, in AsyncAPI 3.1.
   *
   * @param options the facts about the API. Default: those of the option `asyncapi` of the registration
   * @throws FST_STOMP_NOT_READY before the application is ready, FST_STOMP_INVALID_OPTION
   */
  asyncapi (options?: AsyncApiOptions): AsyncApiDocument
  /** Makes a client without sockets, for tests. */
  inject (options?: InjectOptions): Promise<InjectedClient>
}

export function stompFacade (server: StompServer, documents: Documents, scope: FastifyInstance): StompFacade {
  const { broker, taps, messages, subscribes, sender, users, hooks, failures } = server.parts
  const schemas = new DestinationSchemas(scope)
  return {
    message (path: string, ...rest: unknown[]): void {
      const [options, handler] = partsOf<MessageRouteOptions, AnyMessageHandler>(rest)
      server.addRoute(messages, new MessageRoute(path, options, handler, broker, server.templateOf(path)), scope)
    },
    subscribe (path: string, ...rest: unknown[]): void {
      server.addRoute(subscribes, new SubscribeRoute(path, ...partsOf<SubscribeRouteOptions, AnySubscribeHandler>(rest), server.templateOf(path)), scope)
    },
    contract: (contract, handlers) => addContract(server, scope, contract, handlers as never) as never,
    publish: async (destination, value, options) => sender.publish(destination, schemas.encode(destination, value), options),
    publishToUser: (user, destination, value, options) => sender.publishToUser(user, destination, schemas.encode(destination, value), options),
    publishToSession: (session, destination, value, options) => sender.publishToSession(session, destination, schemas.encode(destination, value), options),
    request: async (session, destination, value, options) => sender.request(session, destination, schemas.encode(destination, value), options) as never,
    tap: (pattern, tap) => taps.add(pattern, tap),
    addHook: (name, hook) => hooks.add(name, hook),
    setErrorHandler (handler) {
      const wrong = func(handler)
      if (wrong !== null) throw new stompErrors.InvalidOption('errorHandler', wrong)
      failures.errorHandler = handler
    },
    users,
    get cluster () { return server.cluster! },
    subscriptions (filter = {}) {
      const wrong = plainObject(filter) ?? firstProblem(filter, { destination: aDestination })
      if (wrong !== null) throw new stompErrors.InvalidOption('filter', typeof wrong === 'string' ? wrong : `${wrong.name} ${wrong.problem}`)
      return users.subscriptions(filter)
    },
    close (filter, code, reason) {
      checkFilter(filter)
      server.source!.checkClose(code, reason)
      return closeSessions(users, filter, code, reason)
    },
    sessions: users.sessions,
    broker,
    get tcpPort () { return server.tcpPort },
    server,
    metrics: () => server.telemetry.telemetry.metrics(),
    asyncapi: (options) => documents.make(options),
    inject: (options) => server.inject(options)
  }
}

/** Finds the options and the handler of a route. A handler alone has no options. An argument in the wrong place is refused with the route. */
function partsOf<Options, Handler> (rest: readonly unknown[]): [Options, Handler] {
  return (rest.length > 1 ? rest : [{}, ...rest]) as [Options, Handler]
}

const aDestination = expected((value) => typeof value === 'string', 'a text')
