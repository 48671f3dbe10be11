import { setTimeout as delay } from 'node:timers/promises'
import type { Bench } from '../bar.ts'
import { Load } from './load.ts'
import type { Plan } from './plan.ts'
import type { Record } from './talk.ts'

/** The records of the sessions of one transport, before, while and after something happened. */
export interface Witnesses {
  readonly transport: Plan['transport']
  readonly records: readonly Record[]
}

/** The sessions of one transport that talk while something happens. */
export type Crowd = Pick<Plan, 'transport' | 'sessions'> & Partial<Plan>

/** The time that sessions talk before and after the event, in milliseconds. */
const BEFORE = 1_500

/** Opens sessions that talk all the time, lets something happen, and goes on for `after` milliseconds. */
export async function during ({ processes }: Bench, port: number, crowds: readonly Crowd[], happen: () => Promise<unknown>, after = 3_000): Promise<Witnesses[]> {
  const loads = crowds.map((crowd) => new Load(processes, { port, messages: 'until-told-to-stop', every: 250, parallel: crowd.sessions, patience: 60_000, ...crowd }))
  try {
    await Promise.all(loads.map((load) => load.opened()))
    await delay(BEFORE)
    await happen()
    await delay(after)
    return await Promise.all(loads.map(async (load) => ({ transport: load.plan.transport, records: await load.finish() })))
  } finally {
    await Promise.all(loads.map((load) => load.kill()))
  }
}
