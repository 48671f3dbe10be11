export type { ApplicationError, ErrorBody, StompErrorHandler } from './application/application.ts'
export { destination, type DestinationLike, type TypedDestination } from './application/destination.ts'
export type { BodyKind } from './application/content.ts'
export type { ConnectFrame, DisconnectInfo, HookName, StompHooks, SubscriptionInfo } from './application/hooks.ts'
export type { MessageContext, MessageHandler, MessageRouteOptions } from './application/message-routes.ts'
export type { Reply, ReplyTargets } from './application/reply.ts'
export type { Permission, Rule, RuleSubject, RuleType } from './application/rules.ts'
export type { SendOptions, UserDelivery } from './application/sender.ts'
export type { SubscribeContext, SubscribeHandler, SubscribeRouteOptions } from './application/subscribe-routes.ts'
export type { SubscriptionEntry, UserEntry, Users } from './application/users.ts'
export type { RouteSchema } from './application/validation.ts'
export {
  type AckMode, type Broker, type BrokerCapabilities, type BrokerClient, type BrokerConnection, type BrokerContext, BrokerError, type BrokerLog,
  type BrokerSink, type BrokerState, type BrokerSubscription, type Delivery, type DeliveryHandle, type Done, type Operation, type OutgoingMessage, type SubscribeResult, type UserMessage
} from './broker/broker.ts'
export { type HistoryOptions, memoryBroker, type MemoryBrokerOptions } from './broker/memory/index.ts'
export {
  activemq, type Backoff, type BrokerDialect, type DialectOptions, rabbitmq, relayBroker, type RelayBroker, type RelayBrokerOptions, type RelayCredentials, type RelayStats
} from './broker/relay/index.ts'
export type { CodedError, CodedErrorConstructor } from '../coded-error.ts'
export { type Body, type ClientCommand, type Command, type Frame, FrameHeaders, type HeadersLike, type ServerCommand, type Version } from './codec/index.ts'
export { type ClientErrorCode, StompError, stompErrors } from './errors.ts'
export type { SessionFilter, StompFacade } from './plugin/facade.ts'
export type { InjectedClient, InjectOptions } from './plugin/inject.ts'
export type { StompLimitOptions, StompPluginOptions } from './plugin/options.ts'
export { stomp as default, stomp } from './plugin/stomp.ts'
export type { StompSession, StompState } from './session/stomp-session.ts'
export type { StompUser } from './session/user.ts'
