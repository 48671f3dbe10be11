import { closeAll, openSessions } from '../clients/index.js'
import { Latencies } from '../statistics.js'

/** The pause of a session in light load, in milliseconds. */
const PAUSE = 5

/** Sessions that keep one message each going round, with a pause before the next: a server that has little to do. */
export const pacedEcho = (workload, client) => echo(workload, client, PAUSE)

/** Sessions that keep `inFlight` messages each going round. */
export async function echo ({ sessions, inFlight }, client, pause = 0) {
  const latencies = new Latencies()
  const opened = await openSessions(sessions, client)
  const loops = opened.map(loop)
  let received = 0
  let onTheirWay = 0
  let held = true

  function loop (session) {
    const sentAt = new Float64Array(inFlight)
    let oldest = 0
    let waiting = inFlight
    session.onMessages = (messages) => {
      const now = performance.now()
      for (let i = 0; i < messages; i++) {
        latencies.add(now - sentAt[oldest])
        sentAt[oldest] = now
        oldest = (oldest + 1) % inFlight
      }
      received += messages
      onTheirWay -= messages
      if (held) waiting += messages
      else if (pause === 0) send(messages)
      else setTimeout(later, pause, messages)
    }
    function later (messages) {
      waiting += messages
      if (!held) again()
    }
    function again () {
      if (waiting === 0) return
      sentAt.fill(performance.now())
      send(waiting)
      waiting = 0
    }
    function send (messages) {
      onTheirWay += messages
      session.send(messages)
    }
    return again
  }

  return {
    count: () => received,
    latencies,
    go () {
      held = false
      for (const again of loops) again()
    },
    hold () { held = true },
    outstanding: () => onTheirWay,
    end () { closeAll(opened) }
  }
}
