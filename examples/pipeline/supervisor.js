import { once } from 'node:events'

/** The time after which a process that has ended starts again, in milliseconds. It is long enough to watch the others meanwhile. */
const PAUSE = 10_000

/** Keeps processes running. */
export class Supervisor {
  /** Name to process, in the order of the first start. */
  #children = new Map()
  #stopping = false

  /** Starts a process by `start()`, and starts it again after it has ended. */
  async keep (name, start, ended = () => {}) {
    const child = await start()
    this.#children.set(name, child)
    child.once('exit', (code, signal) => {
      ended(child)
      if (this.#stopping) return
      console.log(`${name} has ended (${signal ?? code}). It starts again in ${PAUSE / 1000} s.`)
      setTimeout(() => this.#again(name, start, ended), PAUSE)
    })
    console.log(`${name}: pid ${child.pid}`)
  }

  async #again (name, start, ended) {
    if (this.#stopping) return
    try {
      await this.keep(name, start, ended)
    } catch (error) {
      console.log(`${name} did not start: ${error.message}`)
      setTimeout(() => this.#again(name, start, ended), PAUSE)
    }
  }

  /** Stops all processes, the last one first. */
  async stop () {
    this.#stopping = true
    for (const child of [...this.#children.values()].reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    }
  }
}
