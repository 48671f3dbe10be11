import type { Clock } from './clock.ts'
import { Timer } from './timer.ts'

/** Resolves after `ms` milliseconds of the clock. */
export function delay (clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => { clock.start(new Timer({ expire: () => resolve() }), ms) })
}

/** Waits for work, at most `ms` milliseconds of the clock. Resolves with `undefined` if the work is not done by then. */
export async function atMost<T> (clock: Clock, ms: number, work: Promise<T>): Promise<T | undefined> {
  let end = (): void => {}
  const timer = new Timer({ expire: () => end() })
  const late = new Promise<undefined>((resolve) => { end = () => resolve(undefined) })
  clock.start(timer, ms)
  try {
    return await Promise.race([work, late])
  } finally {
    clock.stop(timer)
  }
}
