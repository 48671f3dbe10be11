/** The STOMP client for browsers, workers, React Native and servers: `fastify-sockjs/client/stomp`. @module */

export { connectStomp } from './client/stomp/connect.ts'
export { type ClientErrorName, type ErrorParts, StompClientError } from './client/stomp/errors.ts'
export type { ClosedEvent, ConnectedEvent, ErrorEvent, GapEvent, InterruptedEvent, StompEventMap, SubscriptionName } from './client/stomp/events.ts'
export type { Headers } from './client/stomp/frame.ts'
export { begin } from './client/stomp/transaction.ts'
export type { ConnectHeaders, StompOptions } from './client/stomp/options.ts'
export { plainSocket } from './client/stomp/plain-socket.ts'
export type { SessionLike } from './client/reconnecting.ts'
export type {
  AnyContract, Given, GivenHeaders, GivenParams, MessageBody, RequestOptions, SendOptions, StompClient, StompMessage, StompState, StompSubscription, StompTransaction, SubscribedPaths,
  SubscribeOptions
} from './client/stomp/types.ts'
