import { setTimeout as delay } from 'node:timers/promises'

/** Warm is who has done this much, for this long; on a busy machine the first takes longer. */
const WARM_UP = { milliseconds: 400, messages: 10_000, atMost: 4000, step: 50 }
/** Of a load that was set going or held, until all that is on its way is on its way, or has come. */
const SETTLED = 20

/** Each of the loads in turn, as often as `turns` says; the results by load. */
export async function takeTurns (running, { turns, milliseconds }) {
  const results = running.map(() => [])
  const sleep = stayAwake()
  try {
    for (const { load } of running) await whileGoing(load, () => warmUp(load))
    for (let turn = 0; turn < turns; turn++) {
      for (const [i, { server, load }] of running.entries()) {
        results[i].push(await whileGoing(load, () => measureWindow(server, load, milliseconds)))
      }
    }
    return results
  } finally {
    sleep()
  }
}

async function whileGoing (load, work) {
  load.go()
  await delay(SETTLED)
  const result = await work()
  load.hold()
  await delay(SETTLED)
  return result
}

async function warmUp ({ count }) {
  const started = performance.now()
  await delay(WARM_UP.milliseconds)
  while (count() < WARM_UP.messages && performance.now() - started < WARM_UP.atMost) await delay(WARM_UP.step)
}

async function measureWindow (server, { count, latencies }, milliseconds) {
  latencies?.clear()
  const [started, before, from] = [performance.now(), await server.cpu(), count()]
  await delay(milliseconds)
  const [after, to, ended] = [await server.cpu(), count(), performance.now()]
  if (to === from) throw new Error('nothing has arrived')
  const [p50, p99] = latencies?.quantiles(0.5, 0.99) ?? []
  return { cost: (after - before) / (to - from), rate: (to - from) / (ended - started) * 1000, p50, p99 }
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
