import type {
  ContractShape, PathsOf, ReceivedHeadersOf, ReceivedOf, ReceivedParamsOf, SentOf, TargetOf, WireParamsOf
} from '../../contract.ts'
import type { StompSession } from '../session/stomp-session.ts'
import type { MessageHandler, MessageRouteOptions } from './message-routes.ts'
import type { RequestOptions, SendOptions, UserDelivery } from './sender.ts'
import type { SubscribeHandler, SubscribeRouteOptions } from './subscribe-routes.ts'

/** The answer of a message: to its `reply-to`, or to its target. A message with neither has no answer. */
export type ContractAnswer<Contract extends ContractShape, Path extends PathsOf<Contract, 'messages'>> =
  'answer' extends keyof NonNullable<Contract['messages']>[Path]
    ? SentOf<Contract, 'messages', Path, 'answer'>
    : TargetOf<Contract, Path> extends infer Target extends string ? SentOf<Contract, 'destinations', Target, 'body'> : undefined

/** A handler, alone or with the functions that run before it. */
export type ContractHandler<Handler, PreHandler> = Handler | {
  /** The functions that run before the handler, as in the options of a route. */
  readonly preHandler: PreHandler
  /** The handler. */
  readonly handler: Handler
}

/** The handlers of the messages of a contract, by destination. */
export type ContractMessageHandlers<Contract extends ContractShape> = {
  readonly [Path in PathsOf<Contract, 'messages'>]: ContractHandler<MessageHandler<
    ReceivedOf<Contract, 'messages', Path, 'body'>, ReceivedParamsOf<Contract, 'messages', Path>, ReceivedHeadersOf<Contract, 'messages', Path>,
    ContractAnswer<Contract, Path>
  >, NonNullable<MessageRouteOptions['preHandler']>>
}

/** The handlers of the subscriptions of a contract, by destination. */
export type ContractSubscribeHandlers<Contract extends ContractShape> = {
  readonly [Path in PathsOf<Contract, 'subscriptions'>]: ContractHandler<SubscribeHandler<
    ReceivedParamsOf<Contract, 'subscriptions', Path>, ReceivedHeadersOf<Contract, 'subscriptions', Path>, SentOf<Contract, 'subscriptions', Path, 'answer'>
  >, NonNullable<SubscribeRouteOptions['preHandler']>>
}

/** The handlers of a contract: one for each message and each subscription. */
export type ContractHandlers<Contract extends ContractShape> = {
  readonly [Part in keyof Contract & ('messages' | 'subscriptions')]:
  Part extends 'messages' ? ContractMessageHandlers<Contract> : ContractSubscribeHandlers<Contract>
}

type UserPaths<Contract extends ContractShape> = Extract<PathsOf<Contract, 'destinations'>, `/user/${string}`>
type TopicPaths<Contract extends ContractShape> = Exclude<PathsOf<Contract, 'destinations'>, `/user/${string}`>

/** The options of a message, with the parameters of its destination where it has some. */
export type ContractOptions<Contract extends ContractShape, Part extends keyof ContractShape, Path extends string, More> =
  keyof WireParamsOf<Contract, Part, Path> extends never
    ? [options?: More]
    : [options: More & ContractParams<WireParamsOf<Contract, Part, Path>>]

/** The parameters that fill in a destination. */
export interface ContractParams<Params> {
  /** The values of the `:name` parts. */
  readonly params: Params
}

/** The messages that the server sends by a contract. Each value is judged by its schema before it is sent. */
export interface ContractSender<Contract extends ContractShape> {
  /**
   * Sends to a destination of the broker. Resolves when the broker has the message.
   *
   * @throws FST_STOMP_INVALID_VALUE, FST_STOMP_INVALID_DESTINATION, or the refusal of the broker
   */
  publish<Path extends TopicPaths<Contract>> (
    destination: Path, value: SentOf<Contract, 'destinations', Path, 'body'>, ...options: ContractOptions<Contract, 'destinations', Path, SendOptions>
  ): Promise<void>
  /**
   * Sends to every session of a user that subscribes to the destination.
   *
   * @throws FST_STOMP_INVALID_VALUE, FST_STOMP_INVALID_DESTINATION
   */
  publishToUser<Path extends UserPaths<Contract>> (
    user: string, destination: Path, value: SentOf<Contract, 'destinations', Path, 'body'>, ...options: ContractOptions<Contract, 'destinations', Path, SendOptions>
  ): UserDelivery
  /**
   * Sends to one session, by itself or its id, if it subscribes to the destination.
   *
   * @throws FST_STOMP_INVALID_VALUE, FST_STOMP_INVALID_DESTINATION
   */
  publishToSession<Path extends UserPaths<Contract>> (
    session: StompSession | string, destination: Path, value: SentOf<Contract, 'destinations', Path, 'body'>, ...options: ContractOptions<Contract, 'destinations', Path, SendOptions>
  ): UserDelivery
  /**
   * Asks one session, by itself or its id, and resolves with its answer.
   *
   * @throws FST_STOMP_INVALID_VALUE, FST_STOMP_INVALID_DESTINATION, and the errors of `app.stomp.request()`
   */
  request<Path extends PathsOf<Contract, 'requests'>> (
    session: StompSession | string, destination: Path, value: SentOf<Contract, 'requests', Path, 'body'>, ...options: ContractOptions<Contract, 'requests', Path, RequestOptions>
  ): Promise<ReceivedOf<Contract, 'requests', Path, 'answer'>>
}
