import { setTimeout as delay } from 'node:timers/promises'
import { closeAll, openSessions } from '../clients/index.js'
import { Latencies } from '../statistics.js'

const STORMS = 3
/** The time for the server to come to rest before the next storm, in milliseconds. */
const REST = 1000
/** The time in which all clients should be back, in milliseconds. */
const IN_TIME = 2000

/** All sessions are lost at once, and come back as quickly as they can: the CPU for each, and the times of the clients. */
export async function storm (server, { sessions }, client) {
  const results = []
  let opened = await openSessions(sessions, client)
  for (let i = 0; i < STORMS; i++) {
    await delay(REST)
    const latencies = new Latencies()
    let inTime = 0
    const before = await server.cpu()
    const started = performance.now()
    closeAll(opened)
    opened = await openSessions(sessions, client, () => {
      const back = performance.now() - started
      latencies.add(back)
      if (back <= IN_TIME) inTime++
    })
    const took = performance.now() - started
    const [p50, p99, p999] = latencies.quantiles(0.5, 0.99, 0.999)
    results.push({ cost: (await server.cpu() - before) / sessions, rate: sessions / took * 1000, p50, p99, p999, inTime: inTime / sessions * 100 })
  }
  closeAll(opened)
  return results
}
