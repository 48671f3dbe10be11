// The programs that a measurement has started end with it, also if a signal ends it.
import { constants } from 'node:os'

const stops = new Set()
let ending = false

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  // A terminal sends its signal to all, and a parent passes its own on: the first one counts.
  process.on(signal, async () => {
    if (ending) return
    ending = true
    // The measurement fails as its servers end, and must not end this process before the last of them.
    process.on('uncaughtException', () => {})
    await Promise.allSettled([...stops].map((stop) => stop()))
    process.exit(128 + constants.signals[signal])
  })
}

/** Makes the function that stops a program. A signal calls it too. A second call waits for the first one. */
export function stopping (stop) {
  let stopped
  const stopOnce = () => {
    stopped ??= Promise.resolve(stop()).finally(() => stops.delete(stopOnce))
    return stopped
  }
  stops.add(stopOnce)
  return stopOnce
}
