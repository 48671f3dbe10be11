import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { until } from '../support/wait.ts'
import { freePort } from '../support/free-port.ts'
import type { Process, Processes } from './processes.ts'

const DEMO = fileURLToPath(new URL('../../examples/demo/dist/main.js', import.meta.url))

/** The secret of all nodes of a world. */
export const SECRET = 'a secret of the cluster bars'

/** The answer of `/health`. */
export interface Health {
  readonly node: string | null
  readonly state: string
  readonly engine: string | null
  readonly peers: readonly string[]
}

/** One demo server in a process of its own, which is a node of a cluster. */
export class DemoNode {
  readonly name: string
  readonly port: number
  readonly #processes: Processes
  readonly #env: Readonly<Record<string, string>>
  process!: Process

  constructor (processes: Processes, name: string, port: number, env: Readonly<Record<string, string>>) {
    this.#processes = processes
    this.name = name
    this.port = port
    this.#env = env
  }

  /** Starts the demo server. Resolves when it listens. */
  async start (): Promise<this> {
    this.process = this.#processes.start(this.name, process.execPath, [DEMO], { PORT: String(this.port), LOG_LEVEL: 'warn', ...this.#env })
    await this.process.says(/SockJS demo server at http/)
    return this
  }

  async health (): Promise<Health> {
    return await (await fetch(`http://127.0.0.1:${this.port}/health`)).json() as Health
  }

  /** Resolves when the node has its engine. */
  async available (): Promise<void> {
    await until(async () => {
      if (!this.process.running) throw new Error(`${this.name} has ended: ${this.process.output}`)
      return (await this.health()).engine === 'available'
    }, `${this.name} has its engine`, 30_000)
  }
}

/** Makes a node on a free port. `engine` is the address of its engine; without one the node stands alone. */
export async function newNode (processes: Processes, name: string, engine: string | null, env: Readonly<Record<string, string>> = {}): Promise<DemoNode> {
  const cluster = engine === null ? {} : { ENGINE: engine, ENGINE_SECRET: SECRET, NODE_NAME: name }
  return new DemoNode(processes, name, await freePort(), { ...cluster, ...env })
}

/** The process ids of the workers of a demo server with `WORKERS`. */
export function workersOf ({ child: { pid } }: Process): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter((text) => text !== '').map(Number)
}
