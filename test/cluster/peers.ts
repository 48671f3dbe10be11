import { ClusterNode, type ClusterNodeOptions } from '../../src/cluster/node.ts'
import { ManualClock } from '../../src/core/clock.ts'
import type { Engine, EngineFacts } from '../../src/engine/engine.ts'
import { type MemoryDelivery, type MemoryEngine, MemoryNetwork, type MemoryNetworkOptions } from '../../src/engine/memory.ts'

/** Lets all publications arrive that are on their way, and the answers to them. */
export async function turns (count = 6): Promise<void> { for (let i = 0; i < count; i++) await new Promise((resolve) => { setImmediate(resolve) }) }

/** A log that keeps its lines. */
export class Lines {
  readonly lines: { level: string, facts: Record<string, unknown>, text: string }[] = []

  debug (): void {}
  info (facts: object, text: string): void { this.#add('info', facts, text) }
  warn (facts: object, text: string): void { this.#add('warn', facts, text) }
  error (facts: object, text: string): void { this.#add('error', facts, text) }

  /** Takes out the lines, each as its level and its text. */
  take (): string[] { return this.lines.splice(0).map(({ level, text }) => `${level} ${text}`) }

  #add (level: string, facts: object, text: string): void { this.lines.push({ level, facts: { ...facts }, text }) }
}

/** The same engine with other facts. */
export function withFacts (engine: Engine, facts: Partial<EngineFacts>): Engine {
  const { channels, claims, logs, queues } = engine
  return { facts: { ...engine.facts, ...facts }, channels, claims, logs, queues, start: (context) => engine.start(context), stop: () => engine.stop() }
}

export interface PeerOptions extends Partial<Pick<ClusterNodeOptions, 'name' | 'clock'>> {
  readonly facts?: Partial<EngineFacts>
}

/** A node with a clock and a log of its own. */
export class TestPeer {
  readonly clock: ManualClock
  readonly log = new Lines()
  readonly network: MemoryNetwork
  readonly engine: MemoryEngine
  readonly node: ClusterNode

  constructor (network: MemoryNetwork, { facts = {}, clock = new ManualClock(), name }: PeerOptions = {}) {
    this.network = network
    this.clock = clock as ManualClock
    this.engine = network.engine()
    this.node = new ClusterNode({ engine: withFacts(this.engine, facts), clock, log: this.log, ...(name === undefined ? {} : { name }) })
  }

  get id (): string { return this.node.id }
  get members (): string[] { return [...this.node.members.all].map(({ id }) => id) }

  cut (): void { this.network.cut(this.engine) }
  mend (): void { this.network.mend(this.engine) }
}

/** Starts nodes one after the other. */
export async function startPeers (network: MemoryNetwork, count: number, options?: PeerOptions): Promise<TestPeer[]> {
  const peers: TestPeer[] = []
  for (let i = 0; i < count; i++) {
    const peer = new TestPeer(network, options)
    await peer.node.start()
    peers.push(peer)
  }
  await turns()
  return peers
}

/** Moves the clocks of nodes, and lets publications arrive in between. */
export async function advance (peers: readonly TestPeer[], ms: number, step = 500): Promise<void> {
  for (let passed = 0; passed < ms; passed += step) {
    for (const { clock } of peers) clock.advance(Math.min(step, ms - passed))
    await turns()
  }
}

export async function stopAll (peers: readonly TestPeer[]): Promise<void> { for (const { node } of peers) await node.stop() }

/** A process that reaches the messaging system and is not a node: it records all publications and sends its own. */
export class Stranger {
  readonly heard: { channel: string, data: Uint8Array }[] = []
  readonly #engine: MemoryEngine

  constructor (network: MemoryNetwork) { this.#engine = network.engine() }

  async start (): Promise<this> {
    await this.#engine.start({ node: 'a'.repeat(16), clock: new ManualClock(), log: new Lines(), changed () {}, gap () {} })
    await this.#engine.subscribe('>', (data, channel) => { this.heard.push({ channel, data: data.slice() }) })
    return this
  }

  publish (channel: string, data: Uint8Array): void { this.#engine.publish(channel, data) }

  /** The recorded publications on the channel of a node. */
  to (peer: TestPeer): Uint8Array[] { return this.heard.filter(({ channel }) => channel === `n.${peer.id}`).map(({ data }) => data) }

  /** The recorded beats of a node. */
  beats (of: TestPeer): Uint8Array[] {
    return this.heard.filter(({ channel, data }) => channel === 'members' && (JSON.parse(Buffer.from(data).toString()) as { id: string }).id === of.id).map(({ data }) => data)
  }
}

/** A network whose publications have the fate that the test gives them. */
export class FatefulNetwork extends MemoryNetwork {
  /** The fate of each publication; by default it arrives in the next turn. */
  fate: (delivery: MemoryDelivery) => void

  constructor (options: Omit<MemoryNetworkOptions, 'deliver'> = {}) {
    const arrives = ({ arrive }: MemoryDelivery): void => { setImmediate(arrive) }
    super({ ...options, deliver: (delivery) => this.fate(delivery) })
    this.fate = arrives
  }

  /** Loses the publications of which `lost` is true. */
  lose (lost: (delivery: MemoryDelivery) => boolean): void {
    this.fate = (delivery) => { if (!lost(delivery)) setImmediate(delivery.arrive) }
  }
}
