import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import type { Test } from 'tap'
import { type CloseEvent, ManualClock, type Session } from '../../src/index.ts'
import type { Engine, EngineFacts } from '../../src/engine/engine.ts'
import { type MemoryDelivery, type MemoryEngine, MemoryNetwork, type MemoryNetworkOptions } from '../../src/engine/memory.ts'
import type { ClusterNode } from '../../src/cluster/node.ts'
import type { Edge } from '../../src/sockjs/remote/edge.ts'
import { withFacts } from '../cluster/peers.ts'
import { newClient, newId, type ClientOptions, type TransportName } from './client.ts'
import type { HttpTestClient } from './http-client.ts'
import { buildNode, type ServerOptions, type TestServer } from './server.ts'
import { Arrivals, isSettled, until } from './wait.ts'

/** The milliseconds by which time moves on at once. Nodes that hear nothing of each other for 6 seconds count as dead. */
const STEP = 250

/** The turns of the event loop after each step, in which publications arrive. */
const TURNS = 4

export interface ClusterOptions extends ServerOptions {
  readonly network?: Omit<MemoryNetworkOptions, 'deliver'>
  /** Facts that the engines of the nodes have instead of those of the network. */
  readonly facts?: Partial<EngineFacts>
  /** Puts something between a node and its engine. */
  readonly wrap?: (engine: Engine, node: number) => Engine
  /** Takes the network away before the nodes start. */
  readonly isKilled?: boolean
}

/** Servers on one memory network, each with a clock of its own. A test names the node that a client speaks to. */
export class TestCluster {
  readonly network: MemoryNetwork
  readonly nodes: TestServer[] = []
  readonly engines: MemoryEngine[] = []
  #held: MemoryDelivery[] = []
  #repeat: ((arrive: () => void) => void) | null = null
  #holds: (from: number, to: number) => boolean = () => false
  readonly #facts: Partial<EngineFacts>
  readonly #wrap: NonNullable<ClusterOptions['wrap']>
  readonly #stopped = new Map<number, number>()
  /** The id of the last session that was opened with `open`. */
  lastId = ''

  constructor ({ network, facts = {}, wrap = (engine) => engine }: ClusterOptions = {}) {
    this.#wrap = wrap
    this.network = new MemoryNetwork({ ...network, deliver: (delivery) => this.#deliver(delivery) })
    this.#facts = facts
  }

  /** Makes the engine of the next node. */
  engine (): Engine {
    const engine = this.network.engine()
    this.engines.push(engine)
    return this.#wrap(withFacts(engine, this.#facts), this.engines.length - 1)
  }

  /** Lets each publication arrive twice, and gives the caller the means to let it arrive again. */
  twice (repeat: (arrive: () => void) => void): void { this.#repeat = repeat }

  /** The number of publications that wait. */
  get held (): number { return this.#held.length }

  /** Keeps publications that match. `release` lets them arrive, in order. */
  hold (holds: (from: number, to: number) => boolean): void { this.#holds = holds }

  release (): void {
    this.#holds = () => false
    for (const delivery of this.#held.splice(0)) this.#deliver(delivery)
  }

  /** Loses the publications that wait. */
  lose (): void { this.#held = [] }

  /** Lets time go on at all nodes that are not stopped. */
  async pass (ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP) {
      for (const [i, { clock }] of this.nodes.entries()) {
        const lag = this.#stopped.get(i)
        if (lag === undefined) clock.advance(Math.min(STEP, left))
        else this.#stopped.set(i, lag + Math.min(STEP, left))
      }
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

  /** Lets publications arrive. */
  async settle (): Promise<void> { for (let i = 0; i < TURNS; i++) await turn() }

  /** Stops a process, as SIGSTOP does: it hears and says nothing, and its time stands still. */
  stop (node: number): void { this.#stopped.set(node, 0) }

  /** Lets a stopped process go on. All that it has missed arrives, and then its time catches up. */
  async go (node: number): Promise<void> {
    const lag = this.#stopped.get(node)!
    this.#stopped.delete(node)
    for (const delivery of this.#held.splice(0)) this.#deliver(delivery)
    await this.settle()
    this.nodes[node]!.clock.advance(lag)
    await this.settle()
  }

  /** Ends a process without a word. */
  kill (node: number): void {
    this.stop(node)
    this.network.forget(this.engines[node]!)
    for (const socket of this.nodes[node]!.sockets) socket.destroy()
  }

  /** A node among its peers, from inside. */
  node (node: number): ClusterNode { return this.nodes[node]!.endpoint.registration.node! }

  /** The legs and the sends of a node that other nodes own. */
  edge (node: number): Edge { return this.nodes[node]!.endpoint.registration.foreign as Edge }

  /** Makes a client of a node, for a session that another node may have. */
  client (node: number, transport: TransportName, options: ClientOptions = {}): HttpTestClient {
    return newClient(this.nodes[node]!, transport, options) as HttpTestClient
  }

  /** Opens a session at one node, and makes a client of it at another. The first response of a stream is over then. */
  async open (owner: number, transport: TransportName, edge: number, options: ClientOptions = {}): Promise<{ session: Session, home: HttpTestClient, away: HttpTestClient, id: string }> {
    const id = this.lastId = newId()
    const home = await this.client(owner, transport, { ...options, id, comeBack: false }).open() as HttpTestClient
    const session = await this.nodes[owner]!.session()
    return { session, home, away: this.client(edge, transport, { ...options, id, comeBack: false }), id }
  }

  /** Opens a session of node 0 whose poll waits at node 1. */
  async polling (): Promise<Awaited<ReturnType<TestCluster['open']>>> {
    const opened = await this.open(0, 'xhr-polling', 1)
    await opened.home.ended
    opened.away.receive()
    await until(() => opened.session.output.receiver !== null, 'the poll has come')
    // The edge learns it too.
    await this.settle()
    return opened
  }

  #deliver (delivery: MemoryDelivery): void {
    const from = this.#numberOf(delivery.from)
    const to = this.#numberOf(delivery.to)
    if (this.#stopped.has(from) || this.#stopped.has(to) || this.#holds(from, to)) this.#held.push(delivery)
    else {
      setImmediate(() => delivery.arrive())
      if (this.#repeat === null) return
      setImmediate(() => delivery.arrive())
      this.#repeat(() => delivery.arrive())
    }
  }

  #numberOf (node: string): number { return this.engines.findIndex((engine) => engine.node === node) }
}

/** Handles a session that the test itself speaks to. */
export function idle (): void {}

/** Starts nodes, each with sessions and close events of its own. */
export async function buildCluster (t: Test, count: number, options: ClusterOptions = {}): Promise<TestCluster> {
  const cluster = new TestCluster(options)
  if (options.isKilled === true) cluster.network.kill()
  t.teardown(async () => {
    cluster.release()
    cluster.network.revive()
    for (const node of cluster.nodes) node.abortClients()
    await Promise.all(cluster.nodes.map((node) => node.stop()))
  })
  while (cluster.nodes.length < count) {
    const shared = { clock: new ManualClock(), sessions: new Arrivals<Session>(), closings: new Arrivals<CloseEvent>(), sockets: new Set<Socket>(), network: cluster }
    cluster.nodes.push(await buildNode(options, shared))
  }
  await cluster.pass(STEP)
  return cluster
}
