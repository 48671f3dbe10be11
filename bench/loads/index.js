import { broadcast } from './broadcast.js'
import { echo, pacedEcho } from './echo.js'
import { heartbeats, idle } from './idle.js'
import { opening } from './opening.js'
import { storm } from './storm.js'

/**
 * `mode` is what the server does with messages; `unit` what one message, session or heartbeat costs it.
 * What is started is a load that can be held and set going, `{ count, latencies, go, hold, outstanding, end }`, for servers that take turns;
 * `outstanding()` is how many messages are still to come, below zero if more came than were due;
 * what is measured has one server alone, and answers with its figures.
 */
export const LOADS = {
  echo: { start: echo, mode: 'echo', unit: 'us/message' },
  'paced echo': { start: pacedEcho, mode: 'echo', unit: 'us/message' },
  broadcast: { start: broadcast, mode: 'broadcast', unit: 'us/delivery' },
  opening: { start: opening, mode: 'echo', unit: 'us/session' },
  storm: { measure: storm, mode: 'echo', unit: 'us/session' },
  idle: { measure: idle, mode: 'echo', unit: 'KB/session' },
  heartbeats: { measure: heartbeats, mode: 'echo', unit: 'us/heartbeat' }
}
