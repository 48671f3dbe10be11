import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { startHub } from 'fastify-sockjs/hub'
import { type Message, Scrapes } from './scrapes.ts'

/** A worker tells its primary the URL by this message. */
export interface Listening { readonly url: string }

/** Tells the user, or the primary of this worker, that the server listens. */
export function announce (url: string): void {
  if (cluster.isWorker) process.send!({ url } satisfies Listening)
  else console.log(`SockJS demo server at ${url}`)
}

export interface WorkerOptions {
  readonly workers: number
  /** The workers are `<nodeName>-1`, `<nodeName>-2` and so on. */
  readonly nodeName?: string
  readonly port: number
  readonly host: string
}

/** Runs the server in workers on the cores of this machine. The primary has the hub, which connects them. */
export async function serveByWorkers ({ workers, nodeName = 'worker', port, host }: WorkerOptions): Promise<void> {
  // The workers share a port of their system as long as one of them lives. A port that the primary knows stays the same after that.
  await new Workers(workers, nodeName, port === 0 ? await freePort(host) : port).run()
}

async function freePort (host: string): Promise<number> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}

class Workers {
  readonly #count: number
  readonly #name: string
  readonly #port: number
  readonly #alive = new Set<Worker>()
  /** The names of the workers that have listened. */
  readonly #listened = new Set<string>()
  readonly #scrapes = new Scrapes()
  #stopping = false
  #exitCode = 0
  #allEnded: () => void = () => {}

  constructor (count: number, name: string, port: number) {
    this.#count = count
    this.#name = name
    this.#port = port
  }

  /** Starts the workers. The process ends with the last of them. */
  async run (): Promise<void> {
    const hub = await startHub()
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#stop())
    await new Promise<void>((resolve) => {
      this.#allEnded = resolve
      // The others follow when the first one listens, so that an obstacle is told once.
      this.#fork(1)
    })
    await hub.close()
    process.exit(this.#exitCode)
  }

  #fork (number: number): void {
    const name = `${this.#name}-${number}`
    // The last of two flags counts.
    cluster.setupPrimary({ args: [...process.argv.slice(2), '--port', String(this.#port), '--node-name', name] })
    const worker = cluster.fork()
    this.#alive.add(worker)
    worker.on('message', (message: Listening | Message) => {
      if ('url' in message) this.#listens(name, message.url)
      else this.#scrapes.receive(worker, message, this.#alive)
    })
    worker.on('exit', () => this.#ended(worker, number, name))
  }

  #listens (name: string, url: string): void {
    if (this.#listened.has(name)) return
    this.#listened.add(name)
    if (this.#listened.size === this.#count) announce(url)
    else if (this.#listened.size === 1) for (let number = 2; number <= this.#count; number++) this.#fork(number)
  }

  /** Replaces a worker. One that has never listened would end again, so that it ends the server. */
  #ended (worker: Worker, number: number, name: string): void {
    this.#alive.delete(worker)
    this.#scrapes.ended(worker)
    if (!this.#stopping && !this.#listened.has(name)) {
      this.#exitCode = 1
      this.#stop()
    }
    if (!this.#stopping) this.#fork(number)
    else if (this.#alive.size === 0) this.#allEnded()
  }

  #stop (): void {
    if (this.#stopping) return
    this.#stopping = true
    for (const worker of this.#alive) worker.process.kill('SIGTERM')
  }
}
