import { broadcast } from './broadcast.js'
import { echo } from './echo.js'
import { heartbeats, idle } from './idle.js'
import { opening } from './opening.js'

/** `mode` is what the server does with messages; `unit` what one message, session or heartbeat costs it. */
export const LOADS = {
  echo: { run: echo, mode: 'echo', unit: 'us/message' },
  broadcast: { run: broadcast, mode: 'broadcast', unit: 'us/delivery' },
  opening: { run: opening, mode: 'echo', unit: 'us/session' },
  idle: { run: idle, mode: 'echo', unit: 'KB/session' },
  heartbeats: { run: heartbeats, mode: 'echo', unit: 'us/heartbeat' }
}
