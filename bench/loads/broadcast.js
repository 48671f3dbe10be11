import { openSession, withSessions } from '../clients/index.js'
import { Latencies } from '../statistics.js'
import { measureWindow } from './window.js'

const REMEMBERED = 1024
/** More than the kernel keeps for one connection. */
const FLOOD = { messages: 128, size: 60_000 }

/** One session publishes, with `inFlight` publications on their way to all; counted are deliveries. */
export async function broadcast (server, { sessions, slow = 0, deafPublisher = false, ...load }, client) {
  const sluggards = await Promise.all(Array.from({ length: slow }, () => sluggard(client)))
  if (slow > 0) await flood(client)
  // Some brokers send to all but the publisher, who is then one more than the audience.
  const audience = sessions - slow
  try {
    return await withSessions(deafPublisher ? audience + 1 : audience, client, (opened) => publish(server, load, opened, audience))
  } finally {
    for (const session of sluggards) session.close()
  }
}

function publish (server, { inFlight, milliseconds }, sessions, audience) {
  const publisher = sessions.at(-1)
  const latencies = new Latencies()
  const publishedAt = new Float64Array(REMEMBERED)
  let published = 0
  let delivered = 0

  function refill () {
    const room = Math.floor(delivered / audience) + inFlight - published
    if (room <= 0) return
    const now = performance.now()
    for (let i = 0; i < room; i++) publishedAt[published++ % REMEMBERED] = now
    publisher.send(room)
  }

  for (const session of sessions) {
    let next = 0
    session.onMessages = (messages) => {
      const now = performance.now()
      for (let i = 0; i < messages; i++) latencies.add(now - publishedAt[next++ % REMEMBERED])
      delivered += messages
      refill()
    }
  }
  refill()
  return measureWindow(server, milliseconds, { count: () => delivered, latencies })
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
