import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Bar, Bench } from '../bar.ts'
import { type Crowd, during, type Witnesses } from '../load/during.ts'
import { figuresOf, shown } from '../load/figures.ts'
import type { Record } from '../load/talk.ts'
import { type DemoNode, workersOf } from '../nodes.ts'
import { allComplete } from './engine-faults.ts'
import { allTalk } from './odd-nodes.ts'

const CROWDS: readonly Crowd[] = (['xhr-polling', 'xhr-streaming', 'eventsource', 'jsonp-polling', 'websocket'] as const).map((transport) => ({ transport, sessions: 60, every: 800 }))

/** The time in which each client is complete or told, in milliseconds. The last of them wait for the timers of the nodes, which take all of it. */
const SOON = 8_000

/** The time by which a machine that does other work is late with these timers, in milliseconds. No other timer of a node ends in it. */
const LATE = 4_000

/** The time after which a client of workers makes a send again that has no answer, in milliseconds. A node answers each send earlier, the last ones with 503. */
const GIVE_UP = SOON + LATE

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
    // The time of a session whose request has reached no node counts from the moment in which its client makes the request again.
    const slowest = Math.max(...records.map(({ outcome, at, longest, waited }) => Math.max(outcome === 'told' ? at - from : 0, longest) - waited))
    const others = wronged(records)
    const { hanging, duplicates, gaps } = figures
    bench.row({
      transport,
      figure: `${shown(figures)}; after ${(slowest / 1000).toFixed(1)} s; ${others.length} others ended${others.map(({ code, reason }) => ` (${code} ${reason})`).join('')}`,
      wanted: `complete or told within ${limit / 1000} s, no other ended`,
      ok: hanging === 0 && duplicates === 0 && gaps === 0 && slowest <= limit + LATE && others.length === 0
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
    const witnesses = await during(bench, world.port, CROWDS.map((crowd) => ({ ...crowd, giveUp: GIVE_UP })), async () => {
      from = Date.now()
      process.kill(workersOf(world.nodes[0]!.process)[1]!, 'SIGKILL')
    }, SOON + 2_000)
    completeOrTold(bench, witnesses, { from, limit: SOON, wronged: () => [] })
    const { unanswered } = figuresOf(witnesses.flatMap(({ records }) => records))
    bench.row({
      transport: '',
      figure: `${unanswered} requests without an answer`,
      wanted: 'at most 1: the primary gives a worker one connection at a time',
      ok: unanswered <= 1
    })
  }
}

/** The primary is the hub and has the listening socket. Its workers end with it, and a supervisor starts all again. */
export const primaryKilled: Bar = {
  name: 'node: the primary of all workers killed, back after 1 s',
  group: 'faults',
  engines: ['hub'],
  async run (bench, engine) {
    const world = await bench.world({ engine })
    const [primary] = world.nodes as [DemoNode]
    const before = workersOf(primary.process)
    let from = 0
    const witnesses = await during(bench, world.port, CROWDS, async () => {
      from = Date.now()
      await primary.process.kill()
      await delay(1_000)
      await primary.start()
      await primary.available()
    }, SOON)
    completeOrTold(bench, witnesses, { from, limit: SOON, wronged: () => [] })
    const alive = before.filter((pid) => existsSync(`/proc/${pid}`))
    bench.row({ transport: '', figure: `${alive.length} of ${before.length} workers live on`, wanted: 'none', ok: before.length > 0 && alive.length === 0 })
    await allTalk(bench, world.port)
  }
}

export const nodeStopped: Bar = {
  name: 'node: stopped for 4 s',
  group: 'faults',
  engines: ['nats', 'redis', 'hub'],
  patient: true,
  async run (bench, engine) {
    const world = await bench.world({ engine, hub: 'own' })
    allComplete(bench, await during(bench, world.port, CROWDS, () => world.nodes[1]!.process.freeze(4_000), 5_000))
  }
}

/** The others take the node for dead after 6 s. It comes back, and must not go on with sessions that the others have ended. */
export const nodeStoppedLong: Bar = {
  name: 'node: stopped for 20 s',
  group: 'faults',
  engines: ['nats', 'redis', 'hub'],
  patient: true,
  async run (bench, engine) {
    const world = await bench.world({ engine, hub: 'own' })
    let from = 0
    const witnesses = await during(bench, world.port, CROWDS, async () => {
      from = Date.now()
      await world.nodes[1]!.process.freeze(20_000)
    }, SOON)
    completeOrTold(bench, witnesses, { from, limit: 20_000 + SOON, wronged: () => [] })
  }
}
