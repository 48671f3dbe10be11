import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { ask } from '../support/http.ts'
import { TYPESCRIPT } from '../support/typescript.ts'
import { Arrivals, until, within } from '../support/wait.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MAIN = fileURLToPath(new URL('../../examples/demo/src/main.ts', import.meta.url))

/** The line by which the demo server says that it listens. */
const READY = /^SockJS demo server at http:\/\/127\.0\.0\.1:(\d+)$/m

/** Stands for the frame of a poll whose connection was cut. */
const BROKEN = ''

interface Health { readonly node: string, readonly state: string, readonly engine: string | null, readonly peers: readonly unknown[] }

/** The demo server with several workers, in processes of its own. */
class Workers {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  readonly ended: Promise<unknown[]>
  output = ''
  errors = ''
  /** True when the process of the primary has ended. */
  over = false

  constructor (t: Test, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.child = spawn(process.execPath, [TYPESCRIPT, MAIN, '--port', '0', ...args], { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => { this.output += text })
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => { this.errors += text })
    this.ended = once(this.child, 'close')
    this.child.once('exit', () => { this.over = true })
    t.teardown(async () => {
      this.child.kill('SIGKILL')
      await this.ended
      if (!t.passing()) t.comment(this.errors)
    })
  }

  static async start (t: Test, args: readonly string[] = [], env: Readonly<Record<string, string>> = { WORKERS: '2', NODE_NAME: 'n' }): Promise<Workers> {
    const workers = new Workers(t, args, env)
    await until(() => READY.test(workers.output), 'the demo server listens')
    return workers
  }

  get port (): number { return Number(READY.exec(this.output)![1]) }

  /** The processes that have listened, in order, as the log names them. */
  get pids (): number[] {
    return this.output.split('\n').filter((line) => line.includes('Server listening at')).map((line) => (JSON.parse(line) as { pid: number }).pid)
  }

  /** Sends one request on a connection of its own, so that any worker may serve it. */
  async post (path: string, body = ''): Promise<string> {
    const { status, body: text } = await ask({ port: this.port, path, method: 'POST', body })
    return status === 204 ? '' : status === 200 ? text : `status ${status}`
  }

  async health (): Promise<Health> { return JSON.parse((await ask({ port: this.port, path: '/health' })).body) as Health }

  /** Waits until both workers serve, each with the other one as its peer. */
  async connected (): Promise<void> {
    await until(async () => {
      const seen = await Promise.all(Array.from({ length: 10 }, () => this.health()))
      return new Set(seen.map(({ node }) => node)).size === 2 && seen.every(({ engine, peers }) => engine === 'available' && peers.length === 1)
    }, 'both workers know each other')
  }

  async sessions (count: number): Promise<Visitor[]> {
    return await Promise.all(Array.from({ length: count }, () => new Visitor(this).open()))
  }
}

/** A client of one session over polling. Each of its requests has a connection of its own, so that any worker may serve it. */
class Visitor {
  readonly #server: Workers
  readonly #path = `/where/000/${randomBytes(6).toString('hex')}`
  readonly #answers = new Arrivals<string>()
  /** The close frame, or the status that ended the polls. */
  ended: string | null = null

  constructor (server: Workers) {
    this.#server = server
  }

  async open (): Promise<this> {
    const frame = await this.#server.post(`${this.#path}/xhr`)
    if (frame !== 'o\n') throw new Error(`expected the open frame, received ${frame}`)
    this.#poll()
    return this
  }

  /** Asks for the name of the owner. Gives the reason instead if the session has ended. */
  async owner (): Promise<string> {
    const refusal = await this.#server.post(`${this.#path}/xhr_send`, '["where are you?"]')
    if (refusal !== '') return this.ended ?? refusal
    return await this.#answers.next('the answer of the owner').catch((error: unknown) => this.ended ?? String(error))
  }

  /** Polls until the session or the server ends. */
  async #poll (): Promise<void> {
    while (this.ended === null && !this.#server.over) {
      const frame = await this.#server.post(`${this.#path}/xhr`).catch(() => BROKEN)
      if (frame.startsWith('a')) for (const text of JSON.parse(frame.slice(1)) as string[]) this.#answers.push((JSON.parse(text) as { node: string }).node)
      // The owner may still have the poll that was at a worker when that was killed.
      else if (frame === BROKEN || frame.startsWith('c[2010,')) await delay(100)
      else if (frame !== 'h\n') this.#end(frame)
    }
  }

  #end (how: string): void {
    this.ended = how
    this.#answers.end(new Error(`the session has ended with ${how}`))
  }
}

/** The owners of sessions, by as many requests. */
const ownersOf = async (visitors: readonly Visitor[]): Promise<string[]> => await Promise.all(visitors.map((visitor) => visitor.owner()))

t.test('two workers serve the sessions of each other, and end together', async (t) => {
  const server = await Workers.start(t)
  await server.connected()
  const visitors = await server.sessions(40)
  const owners = await ownersOf(visitors)
  t.strictSame([...new Set(owners)].sort(), ['n-1', 'n-2'], 'each worker owns some of the sessions')
  for (let round = 0; round < 3; round++) t.strictSame(await ownersOf(visitors), owners, 'each session stays with its owner, on whatever connections its requests come')
  server.child.kill('SIGTERM')
  t.strictSame(await within(server.ended, 'the end of the demo server'), [0, null])
  t.strictSame(visitors.map(({ ended }) => ended), visitors.map(() => 'c[1012,"Server restarting"]\n'), 'the drain closes the sessions')
  t.match(server.output, /^SockJS demo server at http:\S+\n$/, 'the primary prints one line')
  t.equal(server.errors, '')
})

t.test('a worker that is killed comes back under its name', async (t) => {
  const server = await Workers.start(t, ['--workers', '2', '--node-name', 'm', '--log-level', 'info'], {})
  await server.connected()
  await until(() => server.pids.length === 2, 'the log names both workers')
  // The process that has listened first is the first worker.
  process.kill(server.pids[0]!, 'SIGKILL')
  await until(() => server.pids.length === 3, 'a new worker listens')
  await server.connected()
  t.strictSame([...new Set(await ownersOf(await server.sessions(20)))].sort(), ['m-1', 'm-2'])
  server.child.kill('SIGTERM')
  t.strictSame(await within(server.ended, 'the end of the demo server'), [0, null])
})

t.test('a worker alone that is killed comes back on the same port', async (t) => {
  const server = await Workers.start(t, ['--log-level', 'info'], { WORKERS: '1' })
  t.equal((await server.health()).node, 'worker-1')
  await until(() => server.pids.length === 1, 'the log names the worker')
  process.kill(server.pids[0]!, 'SIGKILL')
  await until(() => server.pids.length === 2, 'a new worker listens')
  t.equal((await server.health()).node, 'worker-1')
})

t.test('a fault at the start is told once, and ends the server', async (t) => {
  const FAULTS: Readonly<Record<string, readonly [args: readonly string[], says: RegExp]>> = {
    'a worker cannot read its certificate': [['--tls-cert', 'no-cert.pem', '--tls-key', 'no-key.pem'], /^Cannot read no-cert\.pem: ENOENT\.\n$/],
    'the address is not here': [['--host', '192.0.2.1'], /^192\.0\.2\.1 is not an address of this machine\. [^\n]+\n$/],
    'the number of workers is none': [['--workers', 'many'], /'many' is invalid\. the number of workers is from 1 to 64\n/],
    'an engine is given too': [['--engine', 'nats://127.0.0.1:1'], /'--engine <url>'|'--workers <number>'/]
  }
  for (const [fault, [args, says]] of Object.entries(FAULTS)) {
    const server = new Workers(t, args, { WORKERS: '2' })
    t.strictSame(await within(server.ended, `the end of a server: ${fault}`), [1, null], fault)
    t.match(server.errors, says, fault)
    t.equal(server.output, '')
  }
})
