import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { fileURLToPath, pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { WebSocketServer } from 'ws'
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

/** A part of the measurements, which are in JavaScript without types. */
const load = async (name: string): Promise<any> => await import(pathToFileURL(fileOf(name)).href)

/** Starts a WebSocket server that answers the message with number `count` by `answers(count)` messages, to all its clients or to the sender. */
async function startServer (t: Test, to: 'all' | 'sender', answers: (count: number) => number, text = 'x') {
  let count = 0
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  server.on('connection', (socket) => {
    // Clients leave with a reset.
    socket.on('error', () => {})
    socket.on('message', () => {
      const times = answers(++count)
      for (const each of to === 'all' ? server.clients : [socket]) for (let i = 0; i < times; i++) each.send(text)
    })
  })
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { port: (server.address() as AddressInfo).port, message: 'x', transport: 'websocket', dialect: 'bare' }
}

const exactly = (): number => 1
/** Loses the third message, after those of a first window. */
const losing = (count: number): number => count === 3 ? 0 : 1
const doubling = (count: number): number => count === 3 ? 2 : 1

for (const [name, to] of [['echo', 'sender'], ['broadcast', 'all']] as const) {
  t.test(`a load of kind ${name} tells when messages are lost or come twice`, async (t) => {
    const { [name]: start } = await load(`loads/${name}.js`)
    const workload = { sessions: 2, inFlight: 2 }
    for (const [answers, verdict] of [[exactly, 0], [losing, 1], [doubling, -1]] as const) {
      const running = await start(workload, await startServer(t, to, answers))
      running.go()
      await until(() => running.count() >= 10 || running.outstanding() < 0, 'messages have come')
      running.hold()
      // Messages that are still on their way may hide a second copy for a while.
      await until(() => Math.sign(running.outstanding()) === verdict, `the sign is ${verdict}`)
      t.equal(Math.sign(running.outstanding()), verdict)
      running.end()
    }
  })
}

t.test('a measurement fails if messages come that were not due', async (t) => {
  const { takeTurns } = await load('turns.js')
  const idle = { count: () => 20_000, go () {}, hold () {}, end () {} }
  const turns = { turns: 0, milliseconds: 1 }
  t.same(await takeTurns([{ load: idle }, { load: { ...idle, outstanding: () => 0 } }], turns), [[], []])
  await t.rejects(takeTurns([{ load: { ...idle, outstanding: () => -3 } }], turns), { message: '3 messages arrived that were not due' })
})

t.test('a session fails if its first message is another one', async (t) => {
  const { openSession } = await load('clients/index.js')
  const session = openSession({ ...await startServer(t, 'sender', exactly, 'something else') })
  const lost = new Promise<Error>((resolve) => { session.onLost = resolve })
  await session.whenOpen
  session.send(1)
  t.equal((await lost).message, 'not the message that was sent: something else')
  session.close()
})

t.test('the opening of sessions fails if the server lets a stranger in', async (t) => {
  const { opening } = await load('loads/opening.js')
  const client = await startServer(t, 'sender', exactly)
  await t.rejects(opening({ sessions: 1, stranger: 'bare' }, client), { message: 'the server has let a stranger in' })
})

t.test('the peers are installed where Bun is not', (t) => {
  const { devDependencies, optionalDependencies } = JSON.parse(readFileSync(fileOf('package.json'), 'utf8'))
  t.strictSame(Object.keys(optionalDependencies), ['bun'])
  t.notOk('bun' in devDependencies)
  t.end()
})
