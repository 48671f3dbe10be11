import type { Clock } from './clock.ts'
import { Timer } from './timer.ts'

/** Resolves after `ms` milliseconds of the clock. */
export function delay (clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => { clock.start(new Timer({ expire: () => resolve() }), ms) })
}
