// How costs grow: families of workloads that differ in one number, as data.
import { COMPRESSED, OURS, prices, SHORT, SOCKJS, STOMP, WS } from './workloads.js'

const PARTICIPANTS = [OURS, SOCKJS, WS]
const ECHO = { load: 'echo', transport: 'websocket', sessions: 50, inFlight: 1, size: SHORT, participants: PARTICIPANTS, goals: {} }
const BROADCAST = { ...ECHO, load: 'broadcast', inFlight: 4 }
/** Where compression costs more than it saves: with one receiver each message is compressed for it alone, with many once for all. */
const COMPRESSION = [OURS, { ...COMPRESSED, name: 'compressed' }]

/** A family: the name of its number, its values, and the workload of a value. */
const FAMILIES = [
  { growing: 'sessions, echo of 32 B', values: [10, 100, 1000, 5000], of: (sessions) => ({ ...ECHO, sessions }) },
  { growing: 'subscribers, broadcast of 32 B', values: [10, 100, 1000, 3000], of: (sessions) => ({ ...BROADCAST, sessions, participants: [...PARTICIPANTS, { ...STOMP, name: 'STOMP topic', dialect: 'stomp fan-out' }] }) },
  { growing: 'bytes, echo', values: [32, 512, 4096, 32_768], of: (size) => ({ ...ECHO, size }) },
  { growing: 'bytes, broadcast to 200', values: [32, 512, 4096, 32_768], of: (size) => ({ ...BROADCAST, sessions: 200, size }) },
  { growing: 'prices of 70 bytes, echo', values: [16, 40, 160, 640], of: (length) => ({ ...ECHO, message: prices(length), participants: COMPRESSION }) },
  { growing: 'prices of 70 bytes, broadcast to 200', values: [16, 40, 160, 640], of: (length) => ({ ...BROADCAST, sessions: 200, message: prices(length), participants: COMPRESSION }) }
]

export const GROWTH = FAMILIES.flatMap(({ growing, values, of }) => values.map((value) => ({ ...of(value), name: `${value} ${growing}`, growing, value })))
