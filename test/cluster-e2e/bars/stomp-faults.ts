import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../support/wait.ts'
import { workersOf } from '../nodes.ts'
import type { World } from '../world.ts'

export interface Faults {
  readonly cuts: number
  readonly deaths: number
  /** The part of the work that is done, from 0 to 1. The faults are spread over it. */
  progress (): number
  /** Cuts a client, which a number from 0 to 1 chooses. */
  cut (random: number): unknown
  /** The node that lives on. */
  readonly spared?: string
}

/** The time for which a node is dead, in milliseconds. */
const DEAD = 500

/** The part of the work in which faults happen. */
const [FROM, TO] = [0.05, 0.85]

/** Cuts clients and kills nodes, all over the work. Resolves when the last fault is over. */
export async function killSome (world: World, { cuts, deaths, progress, cut, spared }: Faults): Promise<void> {
  const spread = (count: number, work: () => unknown): { at: number, work: () => unknown }[] =>
    Array.from({ length: count }, () => ({ at: FROM + Math.random() * (TO - FROM), work }))
  const plan = [...spread(cuts, () => cut(Math.random())), ...spread(deaths, () => killNode(world, spared))].sort((one, other) => one.at - other.at)
  for (const { at, work } of plan) {
    await until(() => progress() >= at, `${Math.round(at * 100)} % of the work is done`, 600_000)
    await work()
  }
}

/** Kills a node. It comes back. */
async function killNode ({ nodes, server }: World, spared: string | undefined): Promise<void> {
  // A primary with workers starts another one by itself.
  if (server === null) {
    const workers = workersOf(nodes[0]!.process)
    process.kill(workers[Math.floor(Math.random() * workers.length)]!, 'SIGKILL')
    return
  }
  const victims = nodes.filter(({ name }) => name !== spared)
  const victim = victims[Math.floor(Math.random() * victims.length)]!
  await victim.process.kill()
  await delay(DEAD)
  await victim.start()
}
