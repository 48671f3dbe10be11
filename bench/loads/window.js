import { setTimeout as delay } from 'node:timers/promises'

/** Warm is who has done this much, for this long; on a busy machine the first takes longer. */
const WARM_UP = { milliseconds: 600, messages: 20_000, atMost: 8000 }

/** Lets a load run warm, then takes what happens within `milliseconds`. */
export async function measureWindow (server, milliseconds, load) {
  const sleep = stayAwake()
  try {
    return await measure(server, milliseconds, load)
  } finally {
    sleep()
  }
}

async function measure (server, milliseconds, { count, latencies }) {
  await warmUp(count)
  latencies?.clear()
  const [started, before, from] = [performance.now(), await server.cpu(), count()]
  await delay(milliseconds)
  const [after, to, ended] = [await server.cpu(), count(), performance.now()]
  if (to === from) throw new Error('nothing has arrived')
  const [p50, p99] = latencies?.quantiles(0.5, 0.99) ?? []
  return { cost: (after - before) / (to - from), rate: (to - from) / (ended - started) * 1000, p50, p99 }
}

async function warmUp (count) {
  const started = performance.now()
  await delay(WARM_UP.milliseconds)
  while (count() < WARM_UP.messages && performance.now() - started < WARM_UP.atMost) await delay(100)
}

/**
 * Whoever writes to a peer that sleeps pays for waking it, on a virtual machine more than for the message, and the slower the server,
 * the more its peer sleeps. This client never does while it measures, whatever it is connected to.
 */
function stayAwake () {
  let awake = true
  const turn = () => { if (awake) setImmediate(turn) }
  turn()
  return () => { awake = false }
}
