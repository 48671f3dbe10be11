import type { ChannelListener, Claim, Engine, EngineChannels, EngineClaims, EngineContext, EngineFacts } from './engine.ts'
import { engineErrors } from './errors.ts'
import { matchesChannel } from './patterns.ts'

/** The settings of a network in memory. */
export interface MemoryNetworkOptions {
  /** Default `memory`. */
  readonly namespace?: string
  /** The bytes that one publication may have. Default 1 MiB, as NATS has it. */
  readonly maxPayload?: number
  /** Delivers publications. Default: each in a turn of the event loop of its own. A test may collect them, reorder nodes, or lose some. */
  readonly deliver?: (delivery: MemoryDelivery) => void
}

/** A publication on its way to one node. Calling `arrive()` twice delivers it twice, as a repeat would. */
export interface MemoryDelivery {
  readonly from: string
  readonly to: string
  readonly channel: string
  arrive (): void
}

/**
 * Connects several nodes of one process, for tests.
 *
 * It does what a real engine does: publications arrive in later turns, a cut node misses them, and a restart loses all claims.
 */
export class MemoryNetwork {
  /** @internal */
  readonly facts: EngineFacts
  /** @internal The keys that nodes have claimed. */
  readonly owners = new Map<string, MemoryEngine>()
  readonly #deliver: (delivery: MemoryDelivery) => void
  readonly #engines = new Set<MemoryEngine>()

  constructor ({ namespace = 'memory', maxPayload = 1024 * 1024, deliver = ({ arrive }) => { setImmediate(arrive) } }: MemoryNetworkOptions = {}) {
    this.facts = { name: 'memory', maxPayload, namespace, secret: '', sign: false }
    this.#deliver = deliver
  }

  /** Makes the engine of one more node. */
  engine (): MemoryEngine { return new MemoryEngine(this) }

  /** Takes the network away from all nodes, or from those that are named, as a lost connection does. */
  cut (...nodes: readonly MemoryEngine[]): void {
    for (const engine of nodes.length === 0 ? this.#engines : nodes) engine.connection(false)
  }

  /** Brings the network back. */
  mend (...nodes: readonly MemoryEngine[]): void {
    for (const engine of nodes.length === 0 ? this.#engines : nodes) engine.connection(true)
  }

  /** Stops the messaging system and brings it back without its data. */
  restart (): void {
    this.cut()
    this.owners.clear()
    this.mend()
  }

  /** @internal */
  join (engine: MemoryEngine): void { this.#engines.add(engine) }

  /** @internal Removes a node with its claims, as its death does. */
  leave (engine: MemoryEngine): void {
    this.#engines.delete(engine)
    for (const [key, owner] of this.owners) if (owner === engine) this.owners.delete(key)
  }

  /** @internal */
  publish (from: MemoryEngine, channel: string, data: Uint8Array): void {
    const { maxPayload } = this.facts
    if (data.byteLength > maxPayload) throw new engineErrors.TooLarge(data.byteLength, maxPayload)
    // The sender may use its buffer again.
    const kept = data.slice()
    for (const to of this.#engines) {
      if (!to.listensTo(channel)) continue
      this.#deliver({ from: from.node, to: to.node, channel, arrive: () => to.arrive(channel, kept) })
    }
  }
}

/** One subscription of a node. */
interface Subscription {
  readonly pattern: string
  readonly listener: ChannelListener
}

/** The engine of one node of a `MemoryNetwork`. */
export class MemoryEngine implements Engine, EngineChannels, EngineClaims {
  readonly facts: EngineFacts
  readonly channels: EngineChannels = this
  readonly claims: EngineClaims = this
  readonly #network: MemoryNetwork
  readonly #subscriptions = new Set<Subscription>()
  readonly #claimed = new Map<string, () => void>()
  #context: EngineContext | null = null
  #connected = true

  /** @internal Engines are made by `network.engine()`. */
  constructor (network: MemoryNetwork) {
    this.#network = network
    this.facts = network.facts
  }

  /** The id of its node; the empty string before the start. */
  get node (): string { return this.#context?.node ?? '' }

  async start (context: EngineContext): Promise<void> {
    if (this.#context !== null) throw new engineErrors.Refused('memory', 'it is in use already; make one engine for each node')
    this.#context = context
    this.#network.join(this)
    if (this.#connected) context.changed('available', 'started')
    else context.changed('unavailable', 'the network is cut')
  }

  async stop (): Promise<void> {
    this.#network.leave(this)
    this.#subscriptions.clear()
    this.#claimed.clear()
    this.#connected = false
    this.#context?.changed('stopped', 'stopped')
  }

  // --- channels ----------------------------------------------------------------------------------------------

  publish (channel: string, data: Uint8Array): void {
    if (this.#connected) this.#network.publish(this, channel, data)
  }

  async flushed (): Promise<void> { this.#check() }

  async subscribe (channel: string, listener: ChannelListener): Promise<() => void> {
    const subscription = { pattern: channel, listener }
    this.#subscriptions.add(subscription)
    return () => { this.#subscriptions.delete(subscription) }
  }

  // --- claims ------------------------------------------------------------------------------------------------

  async claim (key: string, lost: () => void): Promise<Claim> {
    this.#check()
    const owner = this.#network.owners.get(key)
    if (owner !== undefined) return { owner: owner.node }
    this.#network.owners.set(key, this)
    this.#claimed.set(key, lost)
    return { owner: null, release: () => this.#release(key) }
  }

  async locate (key: string): Promise<string | null> {
    this.#check()
    return this.#network.owners.get(key)?.node ?? null
  }

  // --- for the network ---------------------------------------------------------------------------------------

  /** @internal */
  listensTo (channel: string): boolean { return this.#connected && this.#listening(channel).length > 0 }

  /** @internal */
  arrive (channel: string, data: Uint8Array): void {
    if (!this.#connected) return
    for (const { listener } of this.#listening(channel)) listener(data, channel)
  }

  /** @internal Loses the connection, or brings it back. */
  connection (on: boolean): void {
    if (this.#connected === on) return
    this.#connected = on
    if (!on) return this.#context?.changed('unavailable', 'the network was cut')
    for (const [key, lost] of this.#claimed) {
      const owner = this.#network.owners.get(key)
      if (owner === undefined) this.#network.owners.set(key, this)
      else if (owner !== this) this.#lose(key, lost)
    }
    this.#context?.gap('the network was cut')
    this.#context?.changed('available', 'the network is back')
  }

  #listening (channel: string): Subscription[] {
    return [...this.#subscriptions].filter(({ pattern }) => matchesChannel(pattern, channel))
  }

  #lose (key: string, lost: () => void): void {
    this.#claimed.delete(key)
    lost()
  }

  #release (key: string): void {
    this.#claimed.delete(key)
    if (this.#network.owners.get(key) === this) this.#network.owners.delete(key)
  }

  #check (): void {
    if (!this.#connected) throw new engineErrors.Unavailable('memory', 'the network is cut')
  }
}
