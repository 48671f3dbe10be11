import { setTimeout as delay } from 'node:timers/promises'

/** Warm is who has done this much, for this long; on a busy machine the first takes longer. */
const WARM_UP = { milliseconds: 600, messages: 20_000, atMost: 4000, step: 25 }
/** For a load that was set going to run evenly, or one that was held to come to rest. */
const SETTLED = 10
/** The time for messages that are on their way when the last turn ends, in milliseconds. */
const PATIENCE = { atMost: 10_000, step: 10 }

/** Each of the loads in turn, as often as `turns` says; the results by load. `measure` looks at one turn. */
export async function takeTurns (running, { turns, milliseconds }, measure = measureWindow) {
  const results = running.map(() => [])
  for (const { load } of running) await whileGoing(load, () => warmUp(load))
  for (let turn = 0; turn < turns; turn++) {
    for (const [i, { server, load }] of running.entries()) {
      results[i].push(await whileGoing(load, () => measure(server, load, milliseconds)))
    }
  }
  for (const { load } of running) await mustBeComplete(load)
  return results
}

/** Each message must have come once: a server that loses some, or sends some twice, is not quick. */
async function mustBeComplete ({ outstanding }) {
  if (outstanding === undefined) return
  const started = performance.now()
  while (outstanding() > 0 && performance.now() - started < PATIENCE.atMost) await delay(PATIENCE.step)
  const missing = outstanding()
  if (missing !== 0) throw new Error(missing > 0 ? `${missing} messages have not arrived` : `${-missing} messages arrived that were not due`)
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
  const before = await server.cpu()
  const [started, from] = [performance.now(), count()]
  await delay(milliseconds)
  const [after, to, ended] = [await server.cpu(), count(), performance.now()]
  if (to === from) throw new Error('nothing has arrived')
  const [p50, p99, p999] = latencies?.quantiles(0.5, 0.99, 0.999) ?? []
  return { cost: (after - before) / (to - from), rate: (to - from) / (ended - started) * 1000, p50, p99, p999 }
}
