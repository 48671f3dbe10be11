import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { until } from './support/wait.ts'

const fileOf = (name: string): string => fileURLToPath(new URL(`../bench/${name}`, import.meta.url))

/** A measurement with one program. The program takes a moment to stop, and the measurement fails meanwhile. */
const MEASUREMENT = `
  import { setTimeout as delay } from 'node:timers/promises'
  import { stopping } from ${JSON.stringify(fileOf('endings.js'))}
  const stop = stopping(async () => {
    console.log('stopping')
    setImmediate(() => { throw new Error('the server has ended') })
    await delay(200)
    console.log('stopped')
  })
  setTimeout(() => {}, 60_000)
  console.log('begun')
`

/**
 * Starts a process with `args`, and returns its output and its end.
 * It gets `first` when it has begun, and the `later` signals when it is stopping: signals that wait together come in any order (POSIX, `sigaction`).
 */
async function end (t: Test, args: readonly string[], first: NodeJS.Signals, ...later: readonly NodeJS.Signals[]) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
  const exit = once(child, 'exit')
  await until(() => output.includes('begun'), 'the measurement begins')
  child.kill(first)
  if (later.length > 0) await until(() => output.includes('stopping'), 'the measurement is stopping')
  for (const signal of later) child.kill(signal)
  const [code] = await exit
  return { code, output }
}

t.test('a signal ends a measurement after the programs that it has started', async (t) => {
  const measurement = ['--input-type=module', '-e', MEASUREMENT]
  t.same(await end(t, measurement, 'SIGTERM'), { code: 143, output: 'begun\nstopping\nstopped\n' })
  t.same(await end(t, measurement, 'SIGINT', 'SIGTERM', 'SIGINT'), { code: 130, output: 'begun\nstopping\nstopped\n' }, 'later signals change nothing')
})

t.test('the command passes a signal on to its measurements, and waits for them', async (t) => {
  const script = t.testdirName
  t.testdir({ 'measurement.mjs': MEASUREMENT })
  const start = `import { startMeasurements } from ${JSON.stringify(fileOf('start.js'))}; startMeasurements(${JSON.stringify(`${script}/measurement.mjs`)}, [])`
  t.same(await end(t, ['--input-type=module', '-e', start], 'SIGTERM'), { code: 143, output: 'begun\nstopping\nstopped\n' })
})
