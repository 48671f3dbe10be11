import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EngineServer } from '../support/engines/servers.ts'
import { freePort } from '../support/free-port.ts'
import { type BalancerName, startBalancer } from './balancers.ts'
import { type EngineName, type Restartable, startEngine } from './engines.ts'
import { HubProcess } from './hub-process.ts'
import { MergedJournal } from './journal.ts'
import { type DemoNode, newHubNode, newNode } from './nodes.ts'
import type { Process, Processes } from './processes.ts'

/** The number of nodes of a world. */
const NODES = 3

export interface WorldOptions {
  /** `null` starts nodes that know nothing of each other. */
  readonly engine: EngineName | null
  /** The process of the hub: the primary of workers, which share one port, or one that lives apart from its nodes. Default `primary`. */
  readonly hub?: 'primary' | 'own'
  readonly balancer?: BalancerName
  /** The number of nodes. Default 3. */
  readonly nodes?: number
  /** The number of nodes behind the balancer. Default all. */
  readonly balanced?: number
  /** Runs between the start of the engine and that of the nodes. */
  readonly beforeNodes?: (server: EngineServer) => Promise<void>
  /** Lets the balancer answer `/journal` for all nodes. */
  readonly journal?: boolean
  /** More variables for each node, by its index. */
  readonly env?: (index: number) => Readonly<Record<string, string>>
}

/** Nodes with their engine and a balancer in front of them. */
export class World {
  readonly processes: Processes
  readonly folder: string
  /** `null` if the engine is no server of its own. */
  readonly server: EngineServer | null
  /** The process of the engine. `null` if there is none, or if it is the primary of the workers. */
  readonly engine: Restartable | null
  readonly nodes: readonly DemoNode[]
  /** The port of the balancer. */
  readonly port: number
  readonly balancer: Process
  readonly #journal: MergedJournal | null

  private constructor (parts: Pick<World, 'processes' | 'folder' | 'server' | 'engine' | 'nodes' | 'port' | 'balancer'>, journal: MergedJournal | null) {
    this.processes = parts.processes
    this.folder = parts.folder
    this.server = parts.server
    this.engine = parts.engine
    this.nodes = parts.nodes
    this.port = parts.port
    this.balancer = parts.balancer
    this.#journal = journal
  }

  static async open (processes: Processes, { engine, hub: home = 'primary', balancer = 'nginx', nodes: count = NODES, balanced = count, beforeNodes, journal = false, env = () => ({}) }: WorldOptions): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'cluster-'))
    const server = engine === null || engine === 'hub' ? null : await startEngine(engine)
    if (server !== null) await beforeNodes?.(server)
    const hub = engine === 'hub' && home === 'own' ? await HubProcess.start(processes, folder) : null
    const nodes = await Promise.all(engine === 'hub' && hub === null
      // One server of several workers is all nodes of a hub: its primary deals the connections out. A primary that is killed leaves its directory.
      ? [newNode(processes, 'workers', null, { WORKERS: String(count), NODE_NAME: 'node', TMPDIR: folder, ...env(0) })]
      : Array.from({ length: count }, (_, i) => {
        const name = `node-${i + 1}`
        if (hub !== null) return newHubNode(processes, name, hub.path, env(i))
        return newNode(processes, name, engine === null ? null : `${engine}://127.0.0.1:${server!.port}`, env(i))
      }))
    await Promise.all(nodes.map((node) => node.start()))
    if (engine !== null) await Promise.all(nodes.map((node) => node.available()))
    const port = await freePort()
    const ports = nodes.map((node) => node.port)
    const merged = journal ? await MergedJournal.start(ports) : null
    const started = await startBalancer(processes, balancer, { folder, port, nodes: ports.slice(0, balanced), journal: merged?.port })
    return new World({ processes, folder, server, engine: server ?? hub, nodes, port, balancer: started }, merged)
  }

  /** The name of a node by the address that the balancer gives. */
  nameAt (address: string): string {
    const port = Number(address.split(':').at(-1))
    return this.nodes.find((node) => node.port === port)?.name ?? address
  }

  /** The end of the logs of all nodes. */
  get logs (): string {
    return this.nodes.map(({ name, process }) => `--- ${name}\n${process.output.slice(-4000)}`).join('\n')
  }

  async close (): Promise<void> {
    // A master of nginx that is killed leaves its worker behind.
    await Promise.all([this.balancer.stop(), ...this.nodes.map(({ process }) => process.kill())])
    await this.engine?.close()
    this.#journal?.close()
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
