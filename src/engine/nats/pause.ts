import type { Clock } from '../../core/clock.ts'
import { Timer } from '../../core/timer.ts'

/** Waits for a time, in milliseconds. */
export function pause (clock: Clock, delay: number): Promise<void> {
  return new Promise((resolve) => { clock.start(new Timer({ expire: () => resolve() }), delay) })
}
