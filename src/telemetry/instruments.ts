/**
 * The kinds of instruments, by the words of OpenTelemetry.
 *
 * - `counter`: a sum that only grows;
 * - `upDownCounter`: a number of things that are there now;
 * - `gauge`: a value that has no sum over nodes, such as a state;
 * - `histogram`: how often which durations came.
 */
export type InstrumentKind = 'counter' | 'upDownCounter' | 'gauge' | 'histogram'

/** One row of the table of instruments. */
export interface Instrument {
  readonly kind: InstrumentKind
  /** The unit by UCUM: `s`, `By`, or a thing in braces. */
  readonly unit: string
  readonly description: string
  /** The names of the attributes. A point may leave out the last ones. */
  readonly attributes: readonly string[]
  /** The upper bounds of the buckets of a histogram, in its unit. */
  readonly bounds?: readonly number[]
}

/** The bounds for the lives of sessions, in seconds. */
const LIVES: readonly number[] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 1800, 7200]

/** The bounds for one operation, in seconds: those of the conventions of OpenTelemetry. */
const OPERATIONS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

/** The bounds for one answer of an engine or an external broker, in seconds. A claim on the same machine takes less than a millisecond. */
const ANSWERS: readonly number[] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, ...OPERATIONS]

const ENDPOINT = 'sockjs.endpoint'
const TRANSPORT = 'sockjs.transport'
const DIRECTION = 'network.io.direction'

/**
 * The table of every instrument of the package.
 *
 * All outputs are made from it: `metrics()`, Prometheus, OpenTelemetry. Each attribute has a closed set of values: paths of endpoints,
 * transports, codes, routes of the application. None is a session, a user, or a text that a client has chosen.
 */
export const INSTRUMENTS = {
  'sockjs.server.active_sessions': {
    kind: 'upDownCounter',
    unit: '{session}',
    attributes: [ENDPOINT, TRANSPORT],
    description: 'Sessions that the application has now.'
  },
  'sockjs.server.detached_sessions': {
    kind: 'upDownCounter',
    unit: '{session}',
    attributes: [ENDPOINT],
    description: 'Sessions of these that have no connection and wait for the next request of their client.'
  },
  'sockjs.server.suspended_sessions': {
    kind: 'upDownCounter',
    unit: '{session}',
    attributes: [ENDPOINT],
    description: 'Detached sessions whose connection was cut, and that their client may resume.'
  },
  'sockjs.server.suspensions': {
    kind: 'counter',
    unit: '{session}',
    attributes: [ENDPOINT, 'sockjs.suspension.outcome'],
    description: 'Sessions that were suspended and are not any more.'
  },
  'sockjs.server.session.duration': {
    kind: 'histogram',
    unit: 's',
    attributes: [ENDPOINT, TRANSPORT, 'sockjs.close.code', 'sockjs.session.status'],
    bounds: LIVES,
    description: 'Lives of the sessions that have ended.'
  },
  'sockjs.server.sessions.opened': {
    kind: 'counter',
    unit: '{session}',
    attributes: [ENDPOINT, TRANSPORT],
    description: 'Sessions that were opened.'
  },
  'sockjs.server.sessions.refused': {
    kind: 'counter',
    unit: '{request}',
    attributes: [ENDPOINT, 'sockjs.refusal.reason'],
    description: 'Requests that were refused before there was a session.'
  },
  'sockjs.server.resumptions': {
    kind: 'counter',
    unit: '{request}',
    attributes: [ENDPOINT, 'sockjs.resumption.outcome'],
    description: 'Requests of clients that asked to resume a session.'
  },
  'sockjs.server.messages': {
    kind: 'counter',
    unit: '{message}',
    attributes: [ENDPOINT, TRANSPORT, DIRECTION],
    description: 'Messages of clients, and messages that were sent to them.'
  },
  'sockjs.server.io': {
    kind: 'counter',
    unit: 'By',
    attributes: [ENDPOINT, TRANSPORT, DIRECTION],
    description: 'Bytes of these messages as they are encoded for the transport, without frames and headers.'
  },
  'sockjs.server.buffered': {
    kind: 'upDownCounter',
    unit: 'By',
    attributes: [ENDPOINT],
    description: 'Bytes that wait for clients now.'
  },
  'sockjs.server.undelivered': {
    kind: 'counter',
    unit: '{message}',
    attributes: [ENDPOINT],
    description: 'Messages that no connection had taken when their session ended.'
  },
  'sockjs.server.ping.duration': {
    kind: 'histogram',
    unit: 's',
    attributes: [TRANSPORT],
    bounds: OPERATIONS,
    description: 'Times from a ping of a WebSocket to its answer.'
  },
  'sockjs.server.fallbacks': {
    kind: 'counter',
    unit: '{client}',
    attributes: [ENDPOINT, 'sockjs.fallback.from', 'sockjs.fallback.to', 'sockjs.fallback.reason'],
    description: 'Clients of an endpoint that offers WebSocket, by the transport that they left and the one that they got.'
  },
  'sockjs.cluster.nodes': {
    kind: 'upDownCounter',
    unit: '{node}',
    attributes: [],
    description: 'Other nodes that this node knows.'
  },
  'sockjs.cluster.legs': {
    kind: 'upDownCounter',
    unit: '{response}',
    attributes: ['sockjs.cluster.role'],
    description: 'Responses at one node that carry the session of another.'
  },
  'sockjs.cluster.claims': {
    kind: 'counter',
    unit: '{claim}',
    attributes: ['sockjs.cluster.outcome'],
    description: 'Questions to the engine for the owner of a session.'
  },
  'sockjs.cluster.repeats': {
    kind: 'counter',
    unit: '{batch}',
    attributes: [],
    description: 'Batches between nodes that were sent again, because the engine had lost them or was late.'
  },
  'sockjs.cluster.held': {
    kind: 'upDownCounter',
    unit: '{request}',
    attributes: ['sockjs.cluster.role'],
    description: 'Requests with messages that wait for the owner of their session, or there for the application.'
  },
  'sockjs.engine.available': {
    kind: 'gauge',
    unit: '{state}',
    attributes: ['messaging.system'],
    description: '1 while the engine is available, else 0.'
  },
  'stomp.server.sessions': {
    kind: 'upDownCounter',
    unit: '{session}',
    attributes: ['stomp.version'],
    description: 'STOMP sessions that are connected.'
  },
  'stomp.server.subscriptions': {
    kind: 'upDownCounter',
    unit: '{subscription}',
    attributes: ['stomp.subscription.kind'],
    description: 'Subscriptions of these sessions.'
  },
  'stomp.server.frames': {
    kind: 'counter',
    unit: '{frame}',
    attributes: [DIRECTION],
    description: 'Frames of STOMP clients, and frames that were sent to them.'
  },
  'stomp.server.errors': {
    kind: 'counter',
    unit: '{error}',
    attributes: ['error.type'],
    description: 'ERROR frames, and errors of handlers that clients got.'
  },
  'stomp.server.recoveries': {
    kind: 'counter',
    unit: '{subscription}',
    attributes: ['stomp.recovered'],
    description: 'Subscriptions that asked for the messages since a position.'
  },
  'messaging.process.duration': {
    kind: 'histogram',
    unit: 's',
    attributes: ['messaging.system', 'messaging.operation.name', 'messaging.destination.template', 'stomp.route.kind', 'error.type'],
    bounds: OPERATIONS,
    description: 'Times that message routes and subscribe routes of the application took.'
  },
  'messaging.client.operation.duration': {
    kind: 'histogram',
    unit: 's',
    attributes: ['messaging.system', 'messaging.operation.name', 'server.address', 'server.port', 'error.type'],
    bounds: ANSWERS,
    description: 'Times that the engine or the external broker took to answer.'
  },
  'stomp.broker.state': {
    kind: 'gauge',
    unit: '{state}',
    attributes: ['stomp.broker.state'],
    description: '1 for the state that the broker has, and 0 for the others.'
  },
  'stomp.broker.queue.messages': {
    kind: 'upDownCounter',
    unit: '{message}',
    attributes: [],
    description: 'Messages in the queues of an embedded broker that are in this process.'
  },
  'stomp.broker.queue.bytes': {
    kind: 'upDownCounter',
    unit: 'By',
    attributes: [],
    description: 'Memory that the messages in these queues use.'
  },
  'stomp.broker.dead_letters': {
    kind: 'counter',
    unit: '{message}',
    attributes: ['stomp.dead_letter.reason'],
    description: 'Messages that no consumer could handle.'
  },
  'stomp.broker.history.bytes': {
    kind: 'upDownCounter',
    unit: 'By',
    attributes: [],
    description: 'Memory that the histories of topics use.'
  },
  'stomp.broker.connections': {
    kind: 'upDownCounter',
    unit: '{connection}',
    attributes: [],
    description: 'Connections to the external broker.'
  },
  'stomp.kafka.lag': {
    kind: 'upDownCounter',
    unit: '{record}',
    attributes: ['messaging.destination.name'],
    description: 'Records of a topic of Kafka that the bridge has not read.'
  },
  'stomp.kafka.paused': {
    kind: 'upDownCounter',
    unit: '{partition}',
    attributes: ['messaging.destination.name'],
    description: 'Partitions of a topic of Kafka that wait, because the broker does not take their record.'
  }
} as const satisfies Readonly<Record<string, Instrument>>

/** The name of an instrument. */
export type InstrumentName = keyof typeof INSTRUMENTS

/** The names of the instruments of one kind. */
export type NamesOf<Kind extends InstrumentKind> = { [Name in InstrumentName]: (typeof INSTRUMENTS)[Name]['kind'] extends Kind ? Name : never }[InstrumentName]

/** The attributes of an instrument with their values. A point may leave some out. */
export type AttributesOf<Name extends InstrumentName> = Partial<Record<(typeof INSTRUMENTS)[Name]['attributes'][number], AttributeValue>>

/** The value of an attribute. */
export type AttributeValue = string | number | boolean

/** The row of an instrument. */
export function instrumentOf (name: InstrumentName): Instrument { return INSTRUMENTS[name] }
