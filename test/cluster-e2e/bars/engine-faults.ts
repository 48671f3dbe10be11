import { setTimeout as delay } from 'node:timers/promises'
import type { Bar, Bench } from '../bar.ts'
import { freezeFor, killFor } from '../engines.ts'
import { type Crowd, during, type Witnesses } from '../load/during.ts'
import { figuresOf, shown } from '../load/figures.ts'
import type { World } from '../world.ts'

/** The sessions that live through the fault of an engine. */
const SESSIONS = 200

const CROWDS: readonly Crowd[] = [
  { transport: 'xhr-polling', sessions: SESSIONS, every: 500 },
  { transport: 'xhr-streaming', sessions: SESSIONS, every: 500 }
]

/** Reports that no session was lost, and no message came twice or not at all. */
export function allComplete (bench: Bench, witnesses: readonly Witnesses[]): void {
  for (const { transport, records } of witnesses) {
    const figures = figuresOf(records)
    const { sessions, complete, duplicates, gaps } = figures
    bench.row({ transport, figure: shown(figures), wanted: 'all complete', ok: complete === sessions && duplicates === 0 && gaps === 0 })
  }
}

function engineFault (name: string, happen: (world: World) => Promise<void>): Bar {
  return {
    name,
    group: 'faults',
    engines: ['nats', 'redis', 'hub'],
    async run (bench, engine) {
      const world = await bench.world({ engine, hub: 'own' })
      allComplete(bench, await during(bench, world.port, CROWDS, () => happen(world)))
    }
  }
}

export const engineKilled = engineFault('engine: killed, back empty after 1 s', ({ engine }) => killFor(engine!, 1_000))

export const engineStopped = engineFault('engine: stopped for 5 s', ({ engine }) => freezeFor(engine!, 5_000))

/** The engine is away for longer than requests wait: each client is told or complete, and sessions that need no engine go on. */
export const engineAway: Bar = {
  name: 'engine: away for 15 s',
  group: 'faults',
  engines: ['nats', 'redis', 'hub'],
  patient: true,
  async run (bench, engine) {
    const world = await bench.world({ engine, hub: 'own' })
    const crowds: readonly Crowd[] = [...CROWDS.map((crowd) => ({ ...crowd, sessions: 60 })), { transport: 'websocket', sessions: 60 }]
    const witnesses = await during(bench, world.port, crowds, () => killFor(world.engine!, 15_000), 5_000)
    for (const { transport, records } of witnesses) {
      const figures = figuresOf(records)
      const { sessions, complete, hanging, duplicates, gaps } = figures
      const isSocket = transport === 'websocket'
      bench.row({
        transport,
        figure: shown(figures),
        wanted: isSocket ? 'all complete' : 'complete or told',
        ok: (isSocket ? complete === sessions : hanging === 0) && duplicates === 0 && gaps === 0
      })
    }
  }
}

/** The engine is down when the nodes start: each serves its own sessions, says so, and finds the others later. */
export const engineLate: Bar = {
  name: 'engine: down at the start',
  group: 'faults',
  engines: ['nats', 'redis', 'hub'],
  patient: true,
  async run (bench, engine) {
    const world = await bench.world({ engine, hub: 'own' })
    const { nodes } = world
    await world.engine!.kill()
    await Promise.all(nodes.map(async ({ process }) => { await process.kill() }))
    await Promise.all(nodes.map((node) => node.start()))
    const health = await Promise.all(nodes.map((node) => node.health()))
    bench.row({
      transport: '',
      figure: health.map(({ state, engine }) => `${state} with its engine ${engine}`).join(', '),
      wanted: 'all start, and say that the engine is not there',
      ok: health.every(({ state, engine }) => state === 'ok' && engine !== 'available')
    })
    const crowds: readonly Crowd[] = [{ transport: 'websocket', sessions: 50 }]
    allComplete(bench, await during(bench, world.port, crowds, () => delay(500)))
    await world.engine!.revive()
    await Promise.all(nodes.map((node) => node.available()))
    allComplete(bench, await during(bench, world.port, [{ transport: 'xhr-polling', sessions: 50 }, { transport: 'xhr-streaming', sessions: 50 }], () => delay(1_000)))
  }
}
