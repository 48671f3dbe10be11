import cluster, { type Worker } from 'node:cluster'
import { startHub } from 'fastify-sockjs/hub'

/** A worker tells its primary the URL by this message. */
export interface Listening { readonly url: string }

/** Tells the user, or the primary of this worker, that the server listens. */
export function announce (url: string): void {
  if (cluster.isWorker) process.send!({ url } satisfies Listening)
  else console.log(`SockJS demo server at ${url}`)
}

/**
 * Runs the server in workers on the cores of this machine. The primary has the hub, which connects them.
 *
 * A worker that ends is replaced. One that ends before it listens would end again, so that it ends the server.
 */
export function serveByWorkers (count: number, name: string): Promise<void> {
  return new Workers(count, name).run()
}

class Workers {
  readonly #count: number
  readonly #name: string
  /** The names of the workers that listen. */
  readonly #listening = new Set<string>()
  #isAnnounced = false
  #stopping = false
  #exitCode = 0

  constructor (count: number, name: string) {
    this.#count = count
    this.#name = name
  }

  async run (): Promise<void> {
    const hub = await startHub()
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#stop())
    await new Promise<void>((resolve) => {
      for (let number = 1; number <= this.#count; number++) this.#fork(`${this.#name}-${number}`, resolve)
    })
    await hub.close()
    process.exit(this.#exitCode)
  }

  #fork (name: string, allEnded: () => void): void {
    const worker = cluster.fork({ NODE_NAME: name })
    worker.on('message', ({ url }: Listening) => {
      this.#listening.add(name)
      if (this.#isAnnounced || this.#listening.size < this.#count) return
      this.#isAnnounced = true
      announce(url)
    })
    worker.on('exit', () => {
      const listened = this.#listening.delete(name)
      if (!listened && !this.#stopping) {
        this.#exitCode = 1
        this.#stop()
      }
      if (!this.#stopping) this.#fork(name, allEnded)
      else if (this.#alive.length === 0) allEnded()
    })
  }

  get #alive (): Worker[] { return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined && !worker.isDead()) as Worker[] }

  #stop (): void {
    if (this.#stopping) return
    this.#stopping = true
    for (const worker of this.#alive) worker.process.kill('SIGTERM')
  }
}
