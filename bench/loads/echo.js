import { withSessions } from '../clients/index.js'
import { Latencies } from '../statistics.js'
import { measureWindow } from './window.js'

/** Sessions that keep `inFlight` messages each going round. */
export function echo (server, { sessions, inFlight, milliseconds }, client) {
  const latencies = new Latencies()
  let received = 0

  function keepGoing (session) {
    const sentAt = new Float64Array(inFlight).fill(performance.now())
    let oldest = 0
    session.onMessages = (messages) => {
      const now = performance.now()
      for (let i = 0; i < messages; i++) {
        latencies.add(now - sentAt[oldest])
        sentAt[oldest] = now
        oldest = (oldest + 1) % inFlight
      }
      received += messages
      session.send(messages)
    }
    session.send(inFlight)
  }

  return withSessions(sessions, client, (opened) => {
    opened.forEach(keepGoing)
    return measureWindow(server, milliseconds, { count: () => received, latencies })
  })
}
