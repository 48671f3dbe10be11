// How costs grow: families of workloads that differ in one number, as data.
import { OURS, SHORT, SOCKJS, STOMP, WS } from './workloads.js'

const PARTICIPANTS = [OURS, SOCKJS, WS]
const ECHO = { load: 'echo', transport: 'websocket', sessions: 50, inFlight: 1, size: SHORT, participants: PARTICIPANTS, goals: {} }
const BROADCAST = { ...ECHO, load: 'broadcast', inFlight: 4 }

/** A family: the name of its number, its values, and the workload of a value. */
const FAMILIES = [
  { growing: 'sessions, echo of 32 B', values: [10, 100, 1000, 5000], of: (sessions) => ({ ...ECHO, sessions }) },
  { growing: 'subscribers, broadcast of 32 B', values: [10, 100, 1000, 3000], of: (sessions) => ({ ...BROADCAST, sessions, participants: [...PARTICIPANTS, { ...STOMP, name: 'STOMP topic', dialect: 'stomp fan-out' }] }) },
  { growing: 'bytes, echo', values: [32, 512, 4096, 32_768], of: (size) => ({ ...ECHO, size }) },
  { growing: 'bytes, broadcast to 200', values: [32, 512, 4096, 32_768], of: (size) => ({ ...BROADCAST, sessions: 200, size }) }
]

export const GROWTH = FAMILIES.flatMap(({ growing, values, of }) => values.map((value) => ({ ...of(value), name: `${value} ${growing}`, growing, value })))
