/** The pause between two looks at the time, in milliseconds. */
const step = 100

/**
 * Calls back after so many milliseconds in which this process ran. The time of a machine that is too busy to run it does not count, so that a busy
 * machine is not taken for a slow server. Returns a function that gives up.
 */
export function after (milliseconds: number, done: () => void): () => void {
  let left = milliseconds
  let last = performance.now()
  let timer = setTimeout(look, Math.min(step, left))
  function look (): void {
    const now = performance.now()
    left -= Math.min(now - last, 2 * step)
    last = now
    if (left <= 0) done()
    else timer = setTimeout(look, Math.min(step, left))
  }
  return () => clearTimeout(timer)
}
