import { ManualClock } from './core/clock.ts'
import { MemoryNetwork } from './engine/memory.ts'
import { errors } from './sockjs/errors.ts'
import { collectMetrics, sockjsMetrics } from './sockjs/metrics.ts'
import { sockjs } from './sockjs/plugin.ts'
import { PreparedMessage } from './stream/prepared-message.ts'

export type { Clock } from './core/clock.ts'
export { errors, ManualClock, MemoryNetwork, PreparedMessage }
export { collectMetrics, sockjs as default, sockjs, sockjsMetrics }
export type { CodedError, CodedErrorConstructor } from './core/coded-error.ts'
export type { Engine, EngineState } from './engine/engine.ts'
export type { MemoryDelivery, MemoryEngine, MemoryNetworkOptions } from './engine/memory.ts'
export type { BroadcastOptions } from './sockjs/endpoint/broadcast.ts'
export type {
  ClusterClosed, ClusterSession, ClusterSessions, EndpointCluster, GapListener, SessionFilter
} from './sockjs/endpoint/cluster.ts'
export type { Endpoint, EndpointStats, SessionHandler } from './sockjs/endpoint/endpoint.ts'
export type { Directions, RefusalReason } from './sockjs/endpoint/endpoint-telemetry.ts'
export type { MetricsRegistry, SockjsMetricsOptions } from './sockjs/metrics.ts'
export type { NodeState, SockjsFacade } from './sockjs/facade.ts'
export type { InjectedWebSocket, InjectWebSocket, InjectWebSocketOptions } from './sockjs/endpoint/injected-websocket.ts'
export type {
  DrainOptions, EndpointOptions, OriginFunction, OriginRule, SessionFunction, SessionSetup, SockjsOptions, SockjsPluginOptions, TransportSwitches
} from './sockjs/options/options.ts'
export type { TransportName } from './sockjs/protocol/index.ts'
export type { AnySession, Session, SessionEvents, SessionState, SessionStatus } from './sockjs/session/index.ts'
export type { AttributeValue, InstrumentKind } from './telemetry/instruments.ts'
export type { Attributes, HistogramPoint, Metric, MetricPoint, NumberPoint } from './telemetry/metric.ts'
export type { CloseEvent, Message, MessageStream, TransportFacts } from './stream/message-stream.ts'
export type { EngineStateEvent, SessionCloseEvent, SessionOpenEvent, SessionRefuseEvent } from './telemetry/events.ts'
