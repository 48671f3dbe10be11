import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { ask } from './http.ts'
import { TYPESCRIPT } from './typescript.ts'
import { deferred, within } from './wait.ts'

/** What a server in a process of its own can be asked about its inside. */
export interface Inside {
  /** Bytes, after a collection of garbage. */
  memory: { rss: number, heap: number, outside: number }
  /** How many of each kind keep the process alive, and the listeners for upgrades. */
  resources: Record<string, number>
  /** How sessions have ended, since the last question. */
  closings: { code: number, reason: string, transport: string }[]
  /** Lines of the log, since the last question. */
  log: LogLine[]
  /** What was logged before it listened. */
  started: readonly LogLine[]
  /** Open sessions, and bytes that wait in all of them. */
  sessions: { open: number, bufferedBytes: number }
  /** Blocks the event loop for two seconds. */
  stall: true
  /** Milliseconds of processor time so far. */
  cpu: number
}

export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly [fact: string]: unknown
}

/** A server in a process of its own: whatever is done to it, the test outlives it and sees. */
export class Target {
  readonly port: number
  readonly tcpPort: number
  readonly #child: ChildProcess
  readonly #owned = new Set<{ abort (): void }>()
  #question = 0
  #dismissed = false

  private constructor (child: ChildProcess, { port, tcpPort }: { port: number, tcpPort: number }) {
    this.#child = child
    this.port = port
    this.tcpPort = tcpPort
  }

  static async start (t: Test, site: string): Promise<Target> {
    const script = fileURLToPath(new URL('../security/server.ts', import.meta.url))
    const { NODE_V8_COVERAGE, ...env } = process.env
    const child = fork(script, [site], { execArgv: [TYPESCRIPT, '--expose-gc'], env, serialization: 'json' })
    const ready = deferred<{ port: number, tcpPort: number }>()
    child.once('message', (ports) => ready.resolve(ports as { port: number, tcpPort: number }))
    child.once('exit', (code, signal) => ready.reject(new Error(`the server ended with ${code ?? signal}`)))
    const target = new Target(child, await within(ready.promise, 'the server', 60_000))
    t.teardown(() => {
      for (const client of target.#owned) client.abort()
      child.kill('SIGKILL')
    })
    return target
  }

  /** A client that must be gone in the end. */
  own<C extends { abort (): void }> (client: C): C {
    this.#owned.add(client)
    return client
  }

  /** `null` while the process lives. */
  get death (): number | string | null { return this.#child.exitCode ?? this.#child.signalCode }

  async ask<Q extends keyof Inside> (question: Q): Promise<Inside[Q]> {
    const id = this.#question++
    const answer = deferred<Inside[Q]>()
    const listen = (message: unknown): void => {
      const { id: of, value } = message as { id: number, value: Inside[Q] }
      if (of === id) answer.resolve(value)
    }
    this.#child.on('message', listen)
    this.#child.send({ id, question })
    try {
      return await within(answer.promise, `the server to tell its ${question}`, 30_000)
    } finally {
      this.#child.off('message', listen)
    }
  }

  /** Ends the server as an operator would; gives its exit code. */
  async terminate (): Promise<number | null> {
    const exit = new Promise<number | null>((resolve) => this.#child.once('exit', resolve))
    this.#dismissed = true
    this.#child.kill('SIGTERM')
    return await within(exit, 'the end of the process', 30_000)
  }

  /** The verdict of every case: the process lives, and answers. */
  async verdict (t: Test): Promise<void> {
    if (this.#dismissed) return
    t.equal(this.death, null, 'the process lives')
    const begun = performance.now()
    const { status } = await ask({ port: this.port, path: '/echo/info', patience: 60_000 })
    t.equal(status, 200, `/info answers, after ${Math.round(performance.now() - begun)} ms`)
  }
}
