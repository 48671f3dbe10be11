// The workloads as data. `goals` are ratios of ours to a peer, smaller is better; the first participant is ours.

export const OURS = { name: 'fastify-sockjs', server: 'fastify-sockjs', dialect: 'sockjs' }
export const COMPRESSED = { ...OURS, dialect: 'sockjs, deflated', settings: { endpoint: { websocket: { compression: true } } } }
export const SOCKJS = { name: 'sockjs', server: 'sockjs', dialect: 'sockjs' }
const SOCKET_IO = { name: 'socket.io', server: 'socket.io', dialect: 'socket.io' }
const ENGINE_IO = { name: 'engine.io', server: 'engine.io', dialect: 'engine.io' }
export const WS = { name: 'ws', server: 'ws', dialect: 'bare' }
const FASTIFY_WEBSOCKET = { name: '@fastify/websocket', server: 'fastify-websocket', dialect: 'bare' }
const NODE_HTTP = { name: 'node:http', server: 'node-http', dialect: 'sockjs' }
/** The native floor: no server in JavaScript can be below it. */
const BUN = { name: 'bun', server: 'bun', dialect: 'bare', runtime: 'bun', needs: 'bun' }
const RABBITMQ = { name: 'RabbitMQ web-stomp', server: 'rabbitmq-web-stomp', needs: 'rabbitmq' }
const RELAY = { name: 'our relay to RabbitMQ', server: 'stomp-relay', needs: 'rabbitmq', settings: { mode: 'shared' } }
export const STOMP = { name: 'fastify-sockjs', server: 'fastify-sockjs-stomp' }
/** Sends to all but the publisher: it cannot echo. */
const STOMP_BROKER_JS = { name: 'stomp-broker-js', server: 'stomp-broker-js', deafPublisher: true }
/** A server with a route, and one of the ways to follow it. */
const ROUTE = (name, follow) => ({ name, server: 'stomp-route', dialect: 'stomp route', settings: { follow } })
const PLAIN_BROADCAST = { ...OURS, name: 'our plain broadcast' }
const PLAIN_ECHO = { ...OURS, name: 'our plain echo' }

/** Who takes part on a transport. */
const ON = {
  websocket: [OURS, SOCKJS, SOCKET_IO, ENGINE_IO, WS, FASTIFY_WEBSOCKET, BUN],
  'xhr-streaming': [OURS, SOCKJS, NODE_HTTP],
  eventsource: [OURS, SOCKJS, NODE_HTTP],
  'xhr-polling': [OURS, SOCKJS, SOCKET_IO, ENGINE_IO, NODE_HTTP]
}

const NEIGHBOURS = ['engine.io', '@fastify/websocket']
const but = (transport, ...names) => ON[transport].filter(({ name }) => !names.includes(name))

export const SHORT = 32
const LONG = 1024

function echo (transport, inFlight, size, goals = {}) {
  return {
    name: `${transport} echo, ${inFlight} in flight, ${size} B`,
    load: 'echo',
    transport,
    sessions: 50,
    inFlight,
    size,
    // Those that differ little from their neighbours in the table take part in the short messages only: a run must not take all day.
    participants: size === LONG ? but(transport, ...NEIGHBOURS) : ON[transport],
    goals
  }
}

function broadcast (transport, sessions, inFlight, goals = {}) {
  return {
    name: `${transport} broadcast to ${sessions}, ${inFlight} in flight`,
    load: 'broadcast',
    transport,
    sessions,
    inFlight,
    size: SHORT,
    participants: but(transport, ...NEIGHBOURS),
    goals
  }
}

function stomp (name, load, dialect, others, goals = {}) {
  const fanOut = load === 'broadcast'
  return {
    name: `STOMP ${name}`,
    load,
    transport: 'websocket',
    sessions: fanOut ? 1000 : 50,
    inFlight: fanOut ? 4 : 10,
    size: SHORT,
    participants: [{ ...STOMP, dialect }, ...others],
    goals
  }
}

/** Subscriptions that are many, or a queue: brokers beside each other. */
function brokers (name, load, participants, goals = {}) {
  return { name: `STOMP ${name}`, load: 'broadcast', transport: 'websocket', size: SHORT, participants, goals, ...load }
}

const as = (participant, dialect) => ({ ...participant, dialect })

function idle (transport, sessions, participants, goals = {}) {
  return { name: `memory of ${sessions} idle sessions, ${transport}`, load: 'idle', transport, sessions, size: SHORT, participants, goals }
}

function opening (transport, participants, goals = {}, name = `opening, ${transport}`) {
  return { name, load: 'opening', transport, sessions: 50, size: SHORT, participants, goals }
}

/** A document of JSON with so many prices, each of about 70 bytes, which compresses as such documents do. */
export const prices = (length) => JSON.stringify(Array.from({ length }, (_, i) => ({ symbol: `S${i * 7919}`, bid: i * 1.37, ask: i * 1.39, at: 1_700_000_000 + i * 61 })))

export const WORKLOADS = [
  echo('websocket', 1, SHORT, { sockjs: 0.8, 'socket.io': 0.75, ws: 1.1, bun: 1.8 }),
  echo('websocket', 10, SHORT, { sockjs: 0.25, 'socket.io': 0.25, ws: 0.35, bun: 2.5 }),
  echo('websocket', 1, LONG, { ws: 1.05 }),
  echo('websocket', 10, LONG, { sockjs: 0.3, 'socket.io': 0.35, ws: 0.55 }),
  echo('xhr-streaming', 1, SHORT, { sockjs: 0.7, 'node:http': 1.2 }),
  echo('xhr-streaming', 10, SHORT, { 'node:http': 1.25 }),
  echo('xhr-streaming', 1, LONG),
  echo('xhr-streaming', 10, LONG),
  echo('eventsource', 1, SHORT, { sockjs: 0.7, 'node:http': 1.2 }),
  echo('eventsource', 10, SHORT),
  echo('eventsource', 1, LONG),
  echo('eventsource', 10, LONG),
  echo('xhr-polling', 1, SHORT, { sockjs: 0.8, 'socket.io': 0.95, 'node:http': 1.25 }),
  echo('xhr-polling', 10, SHORT, { 'node:http': 1.25 }),
  echo('xhr-polling', 1, LONG),
  echo('xhr-polling', 10, LONG),
  {
    ...echo('websocket', 1, SHORT),
    name: 'websocket echo over TLS, 1 in flight, 32 B',
    tls: true,
    participants: [OURS, WS].map((participant) => ({ ...participant, settings: { tls: true }, needs: 'openssl' }))
  },
  broadcast('websocket', 100, 1),
  broadcast('websocket', 100, 4),
  broadcast('websocket', 1000, 1, { sockjs: 0.8, 'socket.io': 0.75, ws: 0.95 }),
  broadcast('websocket', 1000, 4, { sockjs: 0.4, 'socket.io': 0.4, ws: 0.5 }),
  broadcast('xhr-streaming', 100, 1),
  broadcast('xhr-streaming', 100, 4),
  broadcast('xhr-streaming', 1000, 1, { sockjs: 0.65, 'node:http': 0.9 }),
  broadcast('xhr-streaming', 1000, 4, { sockjs: 0.65, 'node:http': 0.9 }),
  {
    ...broadcast('websocket', 1000, 4, { ws: 0.1 }),
    name: 'websocket broadcast of 1 KB of JSON to 1000, 4 in flight, compressed',
    message: prices(16),
    participants: [
      COMPRESSED,
      { ...WS, dialect: 'bare, deflated', settings: { deflate: true } }
    ]
  },
  stomp('fan-out over WebSocket', 'broadcast', 'stomp fan-out', [as(STOMP_BROKER_JS, 'stomp fan-out'), PLAIN_BROADCAST, as(RABBITMQ, 'stomp fan-out of RabbitMQ'), as(RELAY, 'stomp fan-out with receipts')],
    { 'stomp-broker-js': 0.25, [PLAIN_BROADCAST.name]: 1.2, [RABBITMQ.name]: 0.1 }),
  stomp('fan-out over SockJS', 'broadcast', 'stomp fan-out in sockjs', [PLAIN_BROADCAST], { [PLAIN_BROADCAST.name]: 1.2 }),
  stomp('echo over WebSocket', 'echo', 'stomp echo', [PLAIN_ECHO], { [PLAIN_ECHO.name]: 1.8 }),
  stomp('echo over SockJS', 'echo', 'stomp echo in sockjs', [PLAIN_ECHO]),
  {
    ...stomp('route over WebSocket', 'echo', '', []),
    participants: [
      ROUTE('fastify-sockjs', 'nothing'), ROUTE('with its tracing channels', 'channels'), ROUTE('with metrics', 'metrics'),
      ROUTE('with metrics and spans, none sampled', 'unsampled'), ROUTE('with metrics and spans, all sampled', 'sampled')
    ]
  },
  brokers('100,000 subscriptions over 10,000 topics, publish to one', { sessions: 1000, inFlight: 4, audience: 10 },
    // RabbitMQ takes no part. It makes a queue for each subscription, and closes connections before it has 100,000.
    [as(STOMP, 'stomp many topics with receipts'), as(STOMP_BROKER_JS, 'stomp many topics')]),
  brokers('a queue with 100 consumers', { sessions: 100, inFlight: 100, audience: 1 },
    [as(STOMP, 'stomp queue'), as(RABBITMQ, 'stomp queue of RabbitMQ'), as(RELAY, 'stomp queue')]),
  brokers('route with a schema, its answer to a topic of 100', { sessions: 100, inFlight: 4 },
    [{ name: OURS.name, server: 'stomp-room', dialect: 'stomp room' }, { name: 'Fastify and socket.io', server: 'socket.io-room', dialect: 'socket.io room' }],
    { 'Fastify and socket.io': 0.5 }),
  opening('websocket', ON.websocket, { sockjs: 0.7, 'socket.io': 0.75, ws: 1.4 }),
  opening('xhr-streaming', ON['xhr-streaming']),
  opening('websocket', [
    { name: OURS.name, server: 'fastify-sockjs-members', dialect: 'sockjs, with a token', stranger: 'sockjs' },
    { name: SOCKET_IO.name, server: 'socket.io-members', dialect: 'socket.io, with a token', stranger: 'socket.io' },
    { name: FASTIFY_WEBSOCKET.name, server: 'fastify-websocket-members', dialect: 'bare, with a token', stranger: 'bare' }
  ], {}, 'opening with a hook, a JWT and the option session, websocket'),
  {
    name: '5000 clients lost and back, websocket',
    load: 'storm',
    transport: 'websocket',
    sessions: 5000,
    size: SHORT,
    participants: but('websocket', ...NEIGHBOURS),
    goals: {}
  },
  {
    ...broadcast('websocket', 1000, 4),
    name: 'a slow reader among 1000, websocket: the others',
    slow: 1
  },
  idle('websocket', 5000, ON.websocket, { sockjs: 0.6, 'socket.io': 0.7, ws: 1.1 }),
  idle('xhr-streaming', 5000, ON['xhr-streaming'], { sockjs: 0.85, 'node:http': 1.1 }),
  idle('eventsource', 5000, ON.eventsource),
  idle('xhr-polling', 5000, but('xhr-polling', 'engine.io', 'socket.io')),
  idle('websocket', 19000, but('websocket', ...NEIGHBOURS)),
  idle('xhr-streaming', 19000, ON['xhr-streaming']),
  idle('eventsource', 19000, ON.eventsource),
  idle('xhr-polling', 19000, but('xhr-polling', 'engine.io', 'socket.io')),
  {
    name: 'heartbeats of 19000 idle sessions, websocket',
    load: 'heartbeats',
    transport: 'websocket',
    sessions: 19000,
    size: SHORT,
    participants: but('websocket', ...NEIGHBOURS, 'ws'),
    goals: { sockjs: 0.5, 'socket.io': 0.3 }
  }
]

const EARLIER = 'an earlier build'

/** The same workloads, each for this build and an earlier one alone. */
export function besideBuild (workloads, build) {
  return workloads.map((workload) => {
    const [ours] = workload.participants
    const earlier = { ...ours, name: EARLIER, settings: { ...ours.settings, build } }
    return { ...workload, participants: [ours, earlier], goals: { [EARLIER]: 1.05 } }
  })
}
