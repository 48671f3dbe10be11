import { closeAll, openSession, openSessions, withSessions } from '../clients/index.js'
import { Latencies } from '../statistics.js'

const REMEMBERED = 1024
/** More than the kernel keeps for one connection. */
const FLOOD = { messages: 128, size: 60_000 }

/**
 * One session publishes, with `inFlight` publications on their way to all; counted are deliveries.
 *
 * `audience` is how many get each publication, where not all do. If it is one, each publication may go to another session.
 */
export async function broadcast ({ sessions, inFlight, slow = 0, deafPublisher = false, audience = sessions - slow }, client) {
  const sluggards = await Promise.all(Array.from({ length: slow }, () => sluggard(client)))
  if (slow > 0) await flood(client)
  // Some brokers send to all but the publisher, who is then one more than the audience.
  const listeners = sessions - slow
  const opened = await openSessions(deafPublisher ? listeners + 1 : listeners, client)
  const publisher = opened.at(-1)
  const latencies = new Latencies()
  const publishedAt = new Float64Array(REMEMBERED)
  let published = 0
  let delivered = 0
  let held = true

  function refill () {
    const room = Math.floor(delivered / audience) + inFlight - published
    if (room <= 0 || held) return
    const now = performance.now()
    for (let i = 0; i < room; i++) publishedAt[published++ % REMEMBERED] = now
    publisher.send(room)
  }

  const together = { next: 0 }
  const all = []
  for (const session of opened) {
    const seen = audience === 1 ? together : { next: 0 }
    all.push(seen)
    session.onMessages = (messages) => {
      const now = performance.now()
      for (let i = 0; i < messages; i++) latencies.add(now - publishedAt[seen.next++ % REMEMBERED])
      delivered += messages
      refill()
    }
  }

  return {
    count: () => delivered,
    latencies,
    go () {
      held = false
      refill()
    },
    hold () { held = true },
    /** Where a publication goes to all, each of them must have it: one session cannot have two in place of another. */
    outstanding () {
      const missing = published * audience - delivered
      return missing !== 0 || audience < listeners ? missing : listeners - all.filter(({ next }) => next === published).length
    },
    end () { closeAll([...sluggards, ...opened]) }
  }
}

/** Until the sluggards' connections are full, one message after the other. */
function flood (client) {
  return withSessions(1, { ...client, message: 'x'.repeat(FLOOD.size) }, ([session]) => new Promise((resolve) => {
    let received = 0
    session.onMessages = (messages) => {
      received += messages
      if (received < FLOOD.messages) session.send(1)
      else resolve()
    }
    session.send(1)
  }))
}

/** Never reads; that a server lets go of it is its good right. */
async function sluggard (client) {
  const session = openSession(client)
  session.onLost = () => {}
  await session.whenOpen
  session.pause()
  return session
}
