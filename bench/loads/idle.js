import { setTimeout as delay } from 'node:timers/promises'
import { withSessions } from '../clients/index.js'
import { HEARTBEAT } from '../heartbeat.js'

const FIRST = 500
const SETTLED = 500

/** Resident kilobytes for each session that does nothing: one figure. */
export async function idle (server, { sessions }, client) {
  // What the first connections make the server load and compile is no cost of a session.
  await withSessions(FIRST, client, () => {})
  await delay(SETTLED)
  const before = await server.memory()
  const after = await withSessions(sessions, client, async () => {
    await delay(SETTLED)
    return server.memory()
  })
  return [{ cost: (after - before) / sessions / 1024 }]
}

const HEARTBEATS = 3

/** CPU for each session and heartbeat, for one heartbeat after the other. */
export function heartbeats (server, { sessions }, client) {
  return withSessions(sessions, client, async () => {
    // All have had their first, and what is left of opening them is done.
    await delay(HEARTBEAT + SETTLED)
    const results = []
    for (let i = 0; i < HEARTBEATS; i++) {
      const before = await server.cpu()
      await delay(HEARTBEAT)
      results.push({ cost: (await server.cpu() - before) / sessions })
    }
    return results
  })
}
