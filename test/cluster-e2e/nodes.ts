import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { TYPESCRIPT } from '../support/typescript.ts'
import { until } from '../support/wait.ts'
import { freePort } from '../support/free-port.ts'
import type { Process, Processes } from './processes.ts'

const fileAt = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** The programs that serve as nodes, as arguments of Node. */
const PROGRAMS = {
  demo: [fileAt('../../examples/demo/dist/main.js')],
  /** A node of a hub that is not its parent. The demo server has no setting for that. */
  hubNode: [TYPESCRIPT, fileAt('hub-node.ts')]
} as const

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
  readonly #program: keyof typeof PROGRAMS
  readonly #env: Readonly<Record<string, string>>
  process!: Process

  constructor (processes: Processes, name: string, port: number, program: keyof typeof PROGRAMS, env: Readonly<Record<string, string>>) {
    this.#processes = processes
    this.name = name
    this.port = port
    this.#program = program
    this.#env = env
  }

  /** Starts the demo server. Resolves when it listens. */
  async start (): Promise<this> {
    this.process = this.#processes.start(this.name, process.execPath, PROGRAMS[this.#program], { PORT: String(this.port), LOG_LEVEL: 'warn', ...this.#env })
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
    }, `${this.name} has its engine`, 120_000)
  }
}

/** Makes a node on a free port. `engine` is the address of its engine; without one the node stands alone. */
export async function newNode (processes: Processes, name: string, engine: string | null, env: Readonly<Record<string, string>> = {}): Promise<DemoNode> {
  const cluster = engine === null ? {} : { ENGINE: engine, ENGINE_SECRET: SECRET, NODE_NAME: name }
  return new DemoNode(processes, name, await freePort(), 'demo', { ...cluster, ...env })
}

/** Makes a node of a hub that has a process of its own. */
export async function newHubNode (processes: Processes, name: string, path: string, env: Readonly<Record<string, string>> = {}): Promise<DemoNode> {
  return new DemoNode(processes, name, await freePort(), 'hubNode', { FASTIFY_SOCKJS_HUB: path, NODE_NAME: name, ...env })
}

/** The process ids of the workers of a demo server with `WORKERS`. */
export function workersOf ({ child: { pid } }: Process): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter((text) => text !== '').map(Number)
}
