import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { stopping } from './endings.js'
import { RUNTIMES } from './runtimes.js'

/** Where servers run, if anywhere in particular. */
const CORE = process.env.BENCH_SERVER_CORE

/** The time for a server that ends by itself, in milliseconds. RabbitMQ needs some of it. */
const PATIENCE = 10_000

/** A server in a process of its own, for one measurement. */
export class ServerProcess {
  #child
  port = 0
  /** Ends the server, and waits for its end. */
  stop = stopping(() => this.#end())

  /** `settings` are for servers that need more than a mode. `runtime` is the program that runs the server. */
  static async start (name, mode, profile, settings = {}, runtime = 'node') {
    const server = new ServerProcess()
    const path = fileURLToPath(new URL(`servers/${name}.js`, import.meta.url))
    const { program, args } = RUNTIMES[runtime]
    const execArgv = args(profile)
    server.#child = fork(path, [mode, JSON.stringify(settings)], CORE === undefined ? { execPath: program, execArgv } : { execPath: 'taskset', execArgv: ['-c', CORE, program, ...execArgv] })
    server.port = (await server.#answer()).port
    return server
  }

  /** CPU microseconds of all threads so far. */
  async cpu () {
    const { user, system } = await this.ask('cpu')
    return user + system
  }

  /** Resident bytes after a collection, without the empty pages of V8's young generation: what the server really keeps. */
  async memory () { return (await this.ask('memory')).rss }

  /** A profile is written by a process that ends by itself. */
  async #end () {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.send('exit')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE)
    await exit
    clearTimeout(timer)
  }

  /** One question at a time. */
  async ask (question) {
    this.#child.send(question)
    return this.#answer()
  }

  async #answer () {
    const gone = new AbortController()
    try {
      return await Promise.race([
        once(this.#child, 'message', { signal: gone.signal }).then(([answer]) => answer),
        once(this.#child, 'exit', { signal: gone.signal }).then(([code, signal]) => { throw new Error(`the server has ended: ${signal ?? code}`) })
      ])
    } finally {
      gone.abort()
    }
  }
}
