// The workloads of several nodes as data. The first row of each is the one that the others are compared with.

import { measureClaims, measureLegs } from './memory.js'
import { measureQueue, measureUnwanted, RELAY } from './stomp.js'

const ENGINE_NAMES = ['hub', 'nats', 'redis']

/** The brokers of STOMP: the embedded one first, the relay last. */
const BROKERS = [undefined, ...ENGINE_NAMES, 'rabbitmq']

const SHORT = 32
/** Goals of a row by what they are about: CPU as ratios to the first row, latency as milliseconds more than there. */
const LIGHT = { p50: 1, p99: 3 }

/** Which node a client turns to: `first` opens the session and so becomes its owner. */
const ALL_AT_OWNER = { receive: 'owner', send: 'owner' }
const ALL_AT_EDGE = { receive: 'edge', send: 'edge' }
const RECEIVE_AT_EDGE = { receive: 'edge', send: 'owner' }
const SEND_AT_EDGE = { receive: 'owner', send: 'edge' }

const echo = (transport, sessions = 50) => ({ load: 'echo', mode: 'echo', transport, sessions, inFlight: 1, size: SHORT })

function polling (engine) {
  return {
    name: `xhr-polling echo over ${engine}`,
    ...echo('xhr-polling'),
    rows: [
      { name: 'all at the owner (sticky)', engine, nodes: 2, to: ALL_AT_OWNER },
      { name: 'polls and sends at an edge', engine, nodes: 2, to: ALL_AT_EDGE, goals: { owner: 1.2, edge: 2.2 } },
      { name: 'only polls at an edge', engine, nodes: 2, to: RECEIVE_AT_EDGE },
      { name: 'only sends at an edge', engine, nodes: 2, to: SEND_AT_EDGE }
    ]
  }
}

function streaming (engine) {
  return {
    name: `xhr-streaming echo over ${engine}`,
    ...echo('xhr-streaming'),
    rows: [
      { name: 'all at the owner (sticky)', engine, nodes: 2, to: ALL_AT_OWNER },
      { name: 'sends at an edge', engine, nodes: 2, to: SEND_AT_EDGE, goals: { both: 2 } }
    ]
  }
}

/** Four sessions, each of which waits before it sends again. */
function light (transport, engine) {
  const away = transport === 'xhr-polling' ? ALL_AT_EDGE : SEND_AT_EDGE
  return {
    name: `light load, ${transport} over ${engine}`,
    ...echo(transport, 4),
    load: 'paced echo',
    milliseconds: 1000,
    rows: [
      { name: 'all at the owner (sticky)', engine, nodes: 2, to: ALL_AT_OWNER },
      { name: away === ALL_AT_EDGE ? 'polls and sends at an edge' : 'sends at an edge', engine, nodes: 2, to: away, goals: LIGHT }
    ]
  }
}

const ALONE = { name: 'a node without an engine', nodes: 1, to: ALL_AT_OWNER }

/** Sessions whose requests all come to their owner, beside a node that is alone. */
function atHome (name, load, goal) {
  return {
    name: `at home, ${name}`,
    ...load,
    rows: [ALONE, ...ENGINE_NAMES.map((engine) => ({ name: `with ${engine}`, engine, nodes: 1, to: ALL_AT_OWNER, goals: goal === undefined ? {} : { owner: goal } }))]
  }
}

const pushes = (transport, sessions, mode = 'broadcast') => ({ load: 'broadcast', mode, transport, sessions, inFlight: 1, size: SHORT })

export const WORKLOADS = [
  ...ENGINE_NAMES.flatMap((engine) => [polling(engine), streaming(engine)]),
  ...ENGINE_NAMES.flatMap((engine) => [light('xhr-polling', engine), light('xhr-streaming', engine)]),
  atHome('websocket echo', echo('websocket'), 1.1),
  atHome('pushes into xhr-streaming', pushes('xhr-streaming', 50), 1.1),
  atHome('xhr-streaming echo', echo('xhr-streaming')),
  atHome('xhr-polling echo', echo('xhr-polling')),
  {
    name: 'websocket echo by two processes of one machine',
    ...echo('websocket', 100),
    rows: [
      { ...ALONE, name: 'one process without an engine' },
      // Each of two processes wakes for half as many messages. This row has that price, and nothing of the hub.
      { name: 'two processes without an engine', nodes: 2, to: ALL_AT_OWNER, spread: true },
      { name: 'two processes with the hub', engine: 'hub', nodes: 2, to: ALL_AT_OWNER, spread: true, goals: { both: 1.05 } }
    ]
  },
  {
    name: 'opening, xhr-streaming',
    ...echo('xhr-streaming'),
    load: 'opening',
    rows: [ALONE, ...ENGINE_NAMES.map((engine) => ({ name: `with a claim in ${engine}`, engine, nodes: 1, to: ALL_AT_OWNER }))]
  },
  {
    name: 'broadcast to 1000 over websocket',
    ...pushes('websocket', 1000),
    rows: [
      { ...ALONE, name: 'broadcast() on one node' },
      ...ENGINE_NAMES.map((engine) => ({ name: `cluster.broadcast() on two nodes with ${engine}`, engine, nodes: 2, mode: 'cluster broadcast', to: ALL_AT_OWNER, spread: true }))
    ]
  },
  {
    name: 'stomp, fan-out of one topic to 1000 over websocket',
    ...pushes('websocket', 1000),
    server: 'stomp-node',
    dialect: 'stomp fan-out with receipts',
    rows: [
      { ...ALONE, name: 'the embedded broker on one node' },
      ...ENGINE_NAMES.map((engine) => ({ name: `two nodes with ${engine}`, engine, nodes: 2, to: ALL_AT_OWNER, spread: true, goals: { both: 1.25 } })),
      // A connection to the broker for each client is the default of the relay.
      ...['per-client', 'shared'].map((mode) => ({ name: `${RELAY} on two nodes, ${mode}`, engine: 'rabbitmq', nodes: 2, mode, to: ALL_AT_OWNER, spread: true }))
    ]
  },
  {
    name: 'stomp, publish to a topic without subscribers',
    unit: 'CPU of a message, and messages in a second',
    rows: BROKERS.map((engine) => ({ engine, measure: () => measureUnwanted(engine) }))
  },
  {
    name: 'stomp, a queue',
    unit: 'messages in a second',
    rows: BROKERS.map((engine) => ({ engine, measure: () => measureQueue(engine) }))
  },
  {
    name: 'memory of 100000 claims',
    unit: 'bytes',
    rows: ENGINE_NAMES.map((engine) => ({ engine, measure: () => measureClaims(engine, 100_000) }))
  },
  {
    name: 'memory of 2000 idle sessions, xhr-polling',
    unit: 'bytes',
    rows: ['owner', 'edge'].map((receive) => ({ engine: 'hub', measure: () => measureLegs('hub', 2000, receive) }))
  }
]

/** The workload that compares this build with an earlier one. */
export function besideBuild (build) {
  return ['websocket', 'xhr-streaming', 'xhr-polling'].map((transport) => ({
    name: `beside an earlier build, ${transport} echo`,
    ...echo(transport),
    rows: [
      { ...ALONE, name: 'the earlier build', build },
      { ...ALONE, name: 'this build, without an engine', goals: { owner: 1.05 } }
    ]
  }))
}
