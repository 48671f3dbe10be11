// The events of the diagnostics channels. None holds a secret: no id that a client made for its SockJS session, no credentials, no headers, no bodies.

/** The event of `fastify-sockjs.session.open`. */
export interface SessionOpenEvent {
  /** The path of the endpoint. An endpoint with `constraints` has them behind it. */
  readonly endpoint: string
  /** The id that the server made. It may be logged. */
  readonly session: string
  /** The transport, such as `websocket` or `xhr-polling`. */
  readonly transport: string
}

/** The event of `fastify-sockjs.session.close`. */
export interface SessionCloseEvent extends SessionOpenEvent {
  /** The cause, such as `normal_closure` or `slow_consumer`: a value of `sockjs.session.status` of the metrics. */
  readonly status: string
  /** The close code. */
  readonly code: number
  /** The reason that goes with the code. */
  readonly reason: string
  /** True when the end was orderly. */
  readonly clean: boolean
  /** The messages that were never handed to a connection. */
  readonly undelivered: number
}

/** The event of `fastify-sockjs.session.refuse`: a request got no session. */
export interface SessionRefuseEvent {
  /** The path of the endpoint. An endpoint with `constraints` has them behind it. */
  readonly endpoint: string
  /** The reason, such as `max_sessions` or `origin`: a value of `sockjs.refusal.reason` of the metrics. */
  readonly reason: string
}

/** The event of `fastify-sockjs.engine.state`. */
export interface EngineStateEvent {
  /** The name of the node, the option `node`. */
  readonly node: string
  /** The engine, such as `nats` or `redis`. */
  readonly engine: string
  /** The new state: `available`, `unavailable` or `stopped`. */
  readonly state: string
  /** The reason of the change, for operators. It may be empty. */
  readonly reason: string
}

/** The event of `fastify-sockjs.stomp.connect`: the client is connected. */
export interface StompConnectEvent {
  /** The id of the STOMP session. It may be logged. */
  readonly session: string
  /** The version of STOMP: `1.0`, `1.1` or `1.2`. */
  readonly version: string
  /** The transport under the session, such as `websocket` or `tcp`. */
  readonly transport: string
  /** The name of the user, `null` for an anonymous client. */
  readonly user: string | null
}

/** The event of `fastify-sockjs.stomp.subscribe`: the subscription is registered. */
export interface StompSubscribeEvent {
  /** The id of the STOMP session. */
  readonly session: string
  /** The id that the client gave to the subscription. A client of STOMP 1.0 may give none. */
  readonly id: string | undefined
  /** The destination as the client wrote it. */
  readonly destination: string
}

/** The event of `fastify-sockjs.stomp.error`: the client gets an ERROR frame, or the message of an error. */
export interface StompErrorEvent {
  /** The id of the STOMP session. */
  readonly session: string
  /** The code that the client gets. */
  readonly code: string
  /** The destination that the failed frame names, if it names one. */
  readonly destination: string | undefined
  /** True for an ERROR frame, which ends the session. A message at `/user/queue/errors` does not. */
  readonly ends: boolean
}

/** The event of `fastify-sockjs.broker.state`. */
export interface BrokerStateEvent {
  /** The new state: `starting`, `available`, `unavailable` or `blocked`. */
  readonly state: string
  /** The reason of the change, for operators. It may be empty. */
  readonly reason: string
}

/**
 * The event of the tracing channels `fastify-sockjs.stomp.message-route` and `fastify-sockjs.stomp.subscribe-route`.
 *
 * All five channels of one run get the same object: `start`, `end`, `asyncStart`, `asyncEnd`, and `error` where the run failed.
 */
export interface RouteEvent {
  /** The route with the application prefix, such as `/app/rooms/:room`. */
  readonly route: string
  /** The destination as the client wrote it. */
  readonly destination: string
  /** The id of the STOMP session. */
  readonly session: string
  /** The error of the run. Node sets it before `error`. */
  error?: unknown
}
