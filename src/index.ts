export { type Clock, ManualClock } from './clock/index.ts'
export { errors } from './errors.ts'
export type { Endpoint, EndpointStats, SessionHandler } from './plugin/endpoint.ts'
export type { SockjsFacade } from './plugin/facade.ts'
export type {
  EndpointOptions, OriginFunction, OriginRule, SessionFunction, SessionSetup, SockjsOptions, SockjsPluginOptions, TransportSwitches
} from './plugin/options.ts'
export { sockjs as default, sockjs, sockjs as 'module.exports' } from './plugin/sockjs.ts'
export { PreparedMessage, type TransportName } from './protocol/index.ts'
export type { CloseEvent, Message, MessageStream, Session, SessionEvents, SessionState } from './session/index.ts'
