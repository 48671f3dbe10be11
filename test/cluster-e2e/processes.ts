import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { within } from '../support/wait.ts'

/** The characters of a process's output that are kept. */
const KEPT = 64 * 1024

/** The time that a process has to end after SIGTERM, in milliseconds. */
const GRACE = 15_000

/** A process that the runner has started. */
export class Process {
  readonly name: string
  readonly child: ChildProcess
  /** The last part of the standard output and the standard error. */
  output = ''
  readonly ended: Promise<unknown>

  constructor (name: string, child: ChildProcess) {
    this.name = name
    this.child = child
    this.ended = once(child, 'exit')
    this.ended.catch(() => {})
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => { this.output = (this.output + text).slice(-KEPT) })
    }
  }

  get running (): boolean { return this.child.exitCode === null && this.child.signalCode === null }

  /** Resolves with the first match in the output. Rejects when the process has ended without it. */
  async says (pattern: RegExp, patience = 120_000): Promise<RegExpExecArray> {
    const deadline = performance.now() + patience
    for (;;) {
      const match = pattern.exec(this.output)
      if (match !== null) return match
      if (!this.running) throw new Error(`${this.name} has ended: ${this.output}`)
      if (performance.now() > deadline) throw new Error(`${this.name} did not say ${String(pattern)} in ${patience} ms: ${this.output}`)
      await delay(10)
    }
  }

  signal (signal: NodeJS.Signals): void { this.child.kill(signal) }

  async kill (): Promise<void> {
    if (!this.running) return
    this.signal('SIGKILL')
    await within(this.ended, `the end of ${this.name}`)
  }

  /** Stops the process for some time. */
  async freeze (milliseconds: number): Promise<void> {
    this.signal('SIGSTOP')
    await delay(milliseconds)
    this.signal('SIGCONT')
  }

  /** Ends the process with SIGTERM. Returns its exit code, or `null` if only SIGKILL ended it. */
  async stop (): Promise<number | null> {
    if (!this.running) return this.child.exitCode
    this.signal('SIGCONT')
    this.signal('SIGTERM')
    await Promise.race([this.ended, delay(GRACE, undefined, { ref: false })])
    await this.kill()
    return this.child.exitCode
  }
}

/** All processes of a run. Each ends by its process id, however the run ends. */
export class Processes {
  readonly #all = new Set<Process>()

  constructor () {
    process.on('exit', () => this.#killAll())
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1))
  }

  start (name: string, command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Process {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    return this.add(new Process(name, child))
  }

  add (started: Process): Process {
    this.#all.add(started)
    started.ended.then(() => this.#all.delete(started), () => this.#all.delete(started))
    return started
  }

  #killAll (): void {
    for (const { child } of this.#all) child.kill('SIGKILL')
  }
}
