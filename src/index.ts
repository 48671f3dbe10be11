import { ManualClock } from './clock/index.ts'
import { errors } from './errors.ts'
import { sockjs } from './plugin/sockjs.ts'
import { PreparedMessage } from './protocol/index.ts'

export type { Clock } from './clock/index.ts'
export { errors, ManualClock, PreparedMessage }
export { sockjs as default, sockjs }
export type { CodedError, CodedErrorConstructor } from './coded-error.ts'
export type { BroadcastOptions } from './plugin/broadcast.ts'
export type { Endpoint, EndpointStats, SessionHandler } from './plugin/endpoint.ts'
export type { SockjsFacade } from './plugin/facade.ts'
export type { InjectedWebSocket, InjectWebSocket, InjectWebSocketOptions } from './plugin/injected-websocket.ts'
export type { DrainOptions } from './plugin/staged-drain.ts'
export type {
  EndpointOptions, OriginFunction, OriginRule, SessionFunction, SessionSetup, SockjsOptions, SockjsPluginOptions, TransportSwitches
} from './plugin/options.ts'
export type { TransportName } from './protocol/index.ts'
export type { AnySession, CloseEvent, Message, MessageStream, Session, SessionEvents, SessionState } from './session/index.ts'
