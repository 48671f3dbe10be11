import type { Bar, Bench } from '../bar.ts'
import { type Crowd, during, type Witnesses } from '../load/during.ts'
import { figuresOf, shown } from '../load/figures.ts'
import type { Record } from '../load/talk.ts'
import { workersOf } from '../nodes.ts'
import { allComplete } from './engine-faults.ts'

const CROWDS: readonly Crowd[] = (['xhr-polling', 'xhr-streaming', 'eventsource', 'jsonp-polling', 'websocket'] as const).map((transport) => ({ transport, sessions: 60, every: 800 }))

/** The time in which each client is complete or told, in milliseconds. */
const SOON = 8_000

/** Finds the sessions that had no part in the fault of a node, and were told of an end nevertheless. */
function wronged (records: readonly Record[], name: string, nameAt: (address: string) => string): Record[] {
  // The balancer lists all nodes that it has tried for one request.
  const met = ({ owner, receivers, endedBy }: Record): boolean => [owner, ...receivers, ...endedBy.split(', ')].some((address) => nameAt(address) === name)
  return records.filter((record) => record.outcome === 'told' && record.endedBy !== '' && !met(record))
}

interface Judgement {
  readonly from: number
  /** The time after the fault in which clients must be complete or told. */
  readonly limit: number
  /** Counts the sessions that had no part in the fault and ended. */
  readonly wronged: (records: readonly Record[]) => readonly Record[]
}

/** Reports that each client was complete or told in time, and that the others were untouched. */
function completeOrTold (bench: Bench, witnesses: readonly Witnesses[], { from, limit, wronged }: Judgement): void {
  for (const { transport, records } of witnesses) {
    const figures = figuresOf(records)
    const slowest = Math.max(...records.map(({ outcome, at, longest }) => Math.max(outcome === 'told' ? at - from : 0, longest)))
    const others = wronged(records)
    const { hanging, duplicates, gaps } = figures
    bench.row({
      transport,
      figure: `${shown(figures)}; after ${(slowest / 1000).toFixed(1)} s; ${others.length} others ended${others.map(({ code, reason }) => ` (${code} ${reason})`).join('')}`,
      wanted: `complete or told within ${limit / 1000} s, no other ended`,
      ok: hanging === 0 && duplicates === 0 && gaps === 0 && slowest <= limit && others.length === 0
    })
  }
}

/** A node is the owner of a third of all sessions, and an edge of the others. */
export const nodeKilled: Bar = {
  name: 'node: killed',
  group: 'faults',
  engines: ['nats', 'redis'],
  async run (bench, engine) {
    const world = await bench.world({ engine })
    const victim = world.nodes[1]!
    let from = 0
    const witnesses = await during(bench, world.port, CROWDS, () => {
      from = Date.now()
      return victim.process.kill()
    }, SOON + 2_000)
    completeOrTold(bench, witnesses, { from, limit: SOON, wronged: (records) => wronged(records, victim.name, (address) => world.nameAt(address)) })
  }
}

/** The primary deals connections out by itself, so that the bar cannot tell which worker has met a session. */
export const workerKilled: Bar = {
  name: 'node: a worker of one machine killed',
  group: 'faults',
  engines: ['hub'],
  async run (bench, engine) {
    const world = await bench.world({ engine })
    let from = 0
    const witnesses = await during(bench, world.port, CROWDS, async () => {
      from = Date.now()
      process.kill(workersOf(world.nodes[0]!.process)[1]!, 'SIGKILL')
    }, SOON + 2_000)
    completeOrTold(bench, witnesses, { from, limit: SOON, wronged: () => [] })
  }
}

export const nodeStopped: Bar = {
  name: 'node: stopped for 4 s',
  group: 'faults',
  engines: ['nats', 'redis'],
  patient: true,
  async run (bench, engine) {
    const world = await bench.world({ engine })
    allComplete(bench, await during(bench, world.port, CROWDS, () => world.nodes[1]!.process.freeze(4_000), 5_000))
  }
}

/** The others take the node for dead after 6 s. It comes back, and must not go on with sessions that the others have ended. */
export const nodeStoppedLong: Bar = {
  name: 'node: stopped for 20 s',
  group: 'faults',
  engines: ['nats', 'redis'],
  patient: true,
  async run (bench, engine) {
    const world = await bench.world({ engine })
    let from = 0
    const witnesses = await during(bench, world.port, CROWDS, async () => {
      from = Date.now()
      await world.nodes[1]!.process.freeze(20_000)
    }, SOON)
    completeOrTold(bench, witnesses, { from, limit: 20_000 + SOON, wronged: () => [] })
  }
}
