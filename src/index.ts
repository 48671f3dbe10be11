import { ManualClock } from './clock/index.ts'
import { errors } from './errors.ts'
import { sockjs } from './plugin/sockjs.ts'
import { PreparedMessage } from './protocol/index.ts'

/** @ignore What `require()` gives: the plugin, with everything else on it. */
const commonjs = Object.assign(sockjs, { sockjs, errors, ManualClock, PreparedMessage })

export type { Clock } from './clock/index.ts'
export { errors, ManualClock, PreparedMessage }
export { sockjs as default, sockjs, commonjs as 'module.exports' }
export type { Endpoint, EndpointStats, InjectWebSocket, SessionHandler } from './plugin/endpoint.ts'
export type { SockjsFacade } from './plugin/facade.ts'
export type { DrainOptions } from './plugin/staged-drain.ts'
export type {
  EndpointOptions, OriginFunction, OriginRule, SessionFunction, SessionSetup, SockjsOptions, SockjsPluginOptions, TransportSwitches
} from './plugin/options.ts'
export type { TransportName } from './protocol/index.ts'
export type { AnySession, CloseEvent, Message, MessageStream, Session, SessionEvents, SessionState } from './session/index.ts'
