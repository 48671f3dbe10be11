import { setImmediate as turn } from 'node:timers/promises'
import type { Test } from 'tap'
import type { ClusterNode } from '../../src/cluster/node.ts'
import { type MemoryDelivery, type MemoryEngine, MemoryNetwork, type MemoryNetworkOptions } from '../../src/engine/memory.ts'
import { buildStomp, type StompTestOptions, type StompTestServer } from './support.ts'
import { isSettled, until } from '../support/wait.ts'

/** The milliseconds by which time moves on at once. */
const STEP = 250

/** The turns of the event loop after each step, in which publications arrive. */
const TURNS = 16

/** STOMP servers on one memory network, each with a clock of its own. */
export class StompNodes {
  readonly network: MemoryNetwork
  readonly servers: StompTestServer[] = []
  readonly engines: MemoryEngine[] = []
  /** Decides the fate of each publication. By default it arrives in the next turn. */
  fate: (delivery: MemoryDelivery) => void = ({ arrive }) => { setImmediate(arrive) }
  readonly #t: Test
  readonly #options: StompTestOptions
  readonly #dead = new Set<number>()

  private constructor (t: Test, options: StompTestOptions, network: MemoryNetworkOptions) {
    this.#t = t
    this.#options = options
    this.network = new MemoryNetwork({ ...network, deliver: (delivery) => this.fate(delivery) })
  }

  /** Starts servers with the broker that spans them, unless the options have another one. */
  static async start (t: Test, count: number, options: StompTestOptions = {}, network: MemoryNetworkOptions = {}): Promise<StompNodes> {
    const nodes = new StompNodes(t, options, network)
    while (nodes.servers.length < count) await nodes.add()
    return nodes
  }

  /** Starts one more server. */
  async add (options: StompTestOptions = this.#options): Promise<StompTestServer> {
    const engine = this.network.engine()
    this.engines.push(engine)
    const { servers } = this
    const name = `node-${servers.length}`
    const server = await buildStomp(this.#t, { defaultBroker: options.stomp?.broker === undefined, ...options, sockjs: { engine, node: name, ...options.sockjs } })
    servers.push(server)
    await this.settle()
    const others = this.engines.filter((each) => each !== engine && !each.cut).length
    await until(() => server.app.sockjs.node!.peers.length >= others || server.app.sockjs.node!.state !== 'available', 'the nodes know each other')
    return server
  }

  /** Lets publications arrive, and the answers to them. */
  async settle (): Promise<void> { for (let i = 0; i < TURNS; i++) await turn() }

  /** Lets time go on at all nodes that are alive. */
  async pass (ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP) {
      for (const [i, { clock }] of this.servers.entries()) if (!this.#dead.has(i)) clock.advance(Math.min(STEP, left))
      await this.settle()
    }
  }

  /** Lets time go on until a promise settles. */
  async passUntil<T> (promise: Promise<T>): Promise<T> {
    promise.catch(() => {})
    await until(async () => {
      await this.pass(STEP)
      return await isSettled(promise)
    }, 'it has settled')
    return await promise
  }

  /** Ends a process without a word: its time stands still, and the network does not reach it. */
  kill (node: number): void {
    this.#dead.add(node)
    this.network.cut(this.engines[node]!)
    this.network.forget(this.engines[node]!)
  }

  cut (node: number): void { this.network.cut(this.engines[node]!) }
  mend (node: number): void { this.network.mend(this.engines[node]!) }
}

/** A node among its peers, from inside. */
export function nodeOf ({ app }: StompTestServer): ClusterNode { return app.sockjs.endpoints.get('/stomp')!.registration.node! }
