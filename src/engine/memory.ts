import type { Clock } from '../core/clock.ts'
import type { ChannelListener, Claim, Engine, EngineChannels, EngineClaims, EngineContext, EngineFacts, EngineState } from './engine.ts'
import { engineErrors } from './errors.ts'
import { matchesChannel } from './patterns.ts'
import { Reclaiming } from './reclaiming.ts'

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
  /** The id of the node that publishes. */
  readonly from: string
  /** The id of the node that listens. */
  readonly to: string
  /** The channel, such as `members` for the beats of nodes. */
  readonly channel: string
  /** Gives the publication to the node, unless the network is away from it. */
  arrive (): void
}

/**
 * Connects several nodes of one process, for tests of applications.
 *
 * Each application gets an engine of its own: `app.register(sockjs, { engine: network.engine() })`.
 * It does as a real messaging system does: publications arrive in later turns, a cut node misses them, and a restart loses all claims.
 */
export class MemoryNetwork {
  /** @internal */
  readonly facts: EngineFacts
  /** @internal The keys that nodes have claimed. */
  readonly owners = new Map<string, MemoryEngine>()
  readonly #deliver: (delivery: MemoryDelivery) => void
  readonly #engines = new Set<MemoryEngine>()
  #running = true
  #reclaiming: Reclaiming | null = null

  constructor ({ namespace = 'memory', maxPayload = 1024 * 1024, deliver = ({ arrive }) => { setImmediate(arrive) } }: MemoryNetworkOptions = {}) {
    this.facts = { name: 'memory', maxPayload, namespace, secret: '', sign: false }
    this.#deliver = deliver
  }

  /** Makes the engine of one more node. */
  engine (): MemoryEngine { return new MemoryEngine(this) }

  /** Takes the network away from the named nodes, or from all, as a lost connection does. Their keys stay theirs. */
  cut (...nodes: readonly MemoryEngine[]): void {
    for (const engine of this.#all(nodes)) {
      engine.cut = true
      engine.leave('the network was cut')
    }
  }

  /** Brings the network back. */
  mend (...nodes: readonly MemoryEngine[]): void {
    const engines = this.#all(nodes)
    for (const engine of engines) engine.cut = false
    if (this.#running) this.#reconnect(engines)
    this.#settle()
  }

  /** Frees the keys of a node that is cut, as messaging systems do when a node stays away. */
  forget (engine: MemoryEngine): void {
    for (const [key, owner] of this.owners) if (owner === engine) this.owners.delete(key)
  }

  /** Ends the messaging system. Its data are gone. */
  kill (): void {
    this.#running = false
    this.#reclaiming?.end()
    this.owners.clear()
    for (const engine of this.#engines) engine.leave('the network was killed')
  }

  /** Starts the messaging system again. It does nothing while the system runs. */
  revive (): void {
    if (this.#running) return
    this.#running = true
    this.#reconnect(this.#engines)
    const clock = this.#missing()?.clock
    this.#reclaiming = clock === undefined ? null : new Reclaiming(clock)
  }

  /** Stops the messaging system and brings it back without its data. */
  restart (): void {
    this.kill()
    this.revive()
  }

  /** @internal Adds a node. Tells whether the messaging system is there for it. */
  join (engine: MemoryEngine): boolean {
    this.#engines.add(engine)
    return this.#running && !engine.cut
  }

  /** @internal Removes a node with its claims. */
  remove (engine: MemoryEngine): void {
    this.#engines.delete(engine)
    this.forget(engine)
    this.#settle()
  }

  /** @internal Resolves when every key without an owner is sure to have none. Returns `null` if that is so now. */
  get settling (): Promise<void> | null { return this.#reclaiming === null || this.#reclaiming.isOver ? null : this.#reclaiming.over }

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

  #all (nodes: readonly MemoryEngine[]): Iterable<MemoryEngine> { return nodes.length === 0 ? this.#engines : nodes }

  /** Finds a node that has keys to claim again and is away. */
  #missing (): MemoryEngine | undefined { return [...this.#engines].find((engine) => engine.isAway && engine.hasKeys) }

  #settle (): void {
    if (this.#running && this.#missing() === undefined) this.#reclaiming?.end()
  }

  /** All nodes claim again before one of them is available. So no node finds a key free that another is about to claim. */
  #reconnect (engines: Iterable<MemoryEngine>): void {
    const away = [...engines].filter((engine) => engine.isAway && !engine.cut)
    for (const engine of away) engine.claimAgain()
    for (const engine of away) engine.comeBack()
  }
}

/** One subscription of a node. */
interface Subscription {
  readonly pattern: string
  readonly listener: ChannelListener
}

/** A key that a node has claimed. */
interface Held {
  readonly lost: () => void
}

/** A call that waits until the engine is available. */
interface Waiter {
  resolve (): void
  reject (error: Error): void
}

/** The engine of one node of a `MemoryNetwork`. */
export class MemoryEngine implements Engine, EngineChannels, EngineClaims {
  readonly facts: EngineFacts
  readonly channels: EngineChannels = this
  readonly claims: EngineClaims = this
  /** @internal True while the network is taken away from this node. */
  cut = false
  readonly #network: MemoryNetwork
  readonly #subscriptions = new Set<Subscription>()
  readonly #held = new Map<string, Held>()
  readonly #waiters: Waiter[] = []
  #context: EngineContext | null = null
  #state: EngineState = 'starting'
  #wasAvailable = false

  /** @internal Engines are made by `network.engine()`. */
  constructor (network: MemoryNetwork) {
    this.#network = network
    this.facts = network.facts
  }

  /** The id of its node; the empty string before the start. */
  get node (): string { return this.#context?.node ?? '' }

  async start (context: EngineContext): Promise<void> {
    if (this.#state === 'stopped') throw new engineErrors.Refused('memory', 'it has stopped; make a new engine for each start of a node')
    if (this.#context !== null) throw new engineErrors.Refused('memory', 'it is in use already; make one engine for each node')
    this.#context = context
    if (this.#network.join(this)) this.#available('started')
    else this.#change('unavailable', 'the network is away')
  }

  async stop (): Promise<void> {
    if (this.#state === 'stopped') return
    this.#network.remove(this)
    this.#subscriptions.clear()
    this.#held.clear()
    this.#change('stopped', 'stopped')
    for (const { reject } of this.#waiters.splice(0)) reject(this.#unavailable())
  }

  // --- channels ----------------------------------------------------------------------------------------------

  publish (channel: string, data: Uint8Array): void {
    if (this.#state === 'available') this.#network.publish(this, channel, data)
  }

  async flushed (): Promise<void> { this.#check() }

  async subscribe (channel: string, listener: ChannelListener): Promise<() => void> {
    if (this.#state === 'stopped') throw this.#unavailable()
    const subscription = { pattern: channel, listener }
    this.#subscriptions.add(subscription)
    if (this.#state !== 'available') await new Promise<void>((resolve, reject) => { this.#waiters.push({ resolve, reject }) })
    return () => { this.#subscriptions.delete(subscription) }
  }

  // --- claims ------------------------------------------------------------------------------------------------

  async claim (key: string, lost: () => void): Promise<Claim> {
    const unsure = this.#unsure(key)
    if (unsure !== null) {
      await unsure
      this.#check()
    }
    const owner = this.#network.owners.get(key)
    if (owner !== undefined) return { owner: owner.node }
    const held: Held = { lost }
    this.#network.owners.set(key, this)
    this.#held.set(key, held)
    return { owner: null, release: () => this.#release(key, held) }
  }

  async locate (key: string): Promise<string | null> {
    const unsure = this.#unsure(key)
    if (unsure !== null) {
      await unsure
      this.#check()
    }
    return this.#network.owners.get(key)?.node ?? null
  }

  // --- for the network ---------------------------------------------------------------------------------------

  /** @internal */
  get isAway (): boolean { return this.#state === 'unavailable' }

  /** @internal */
  get hasKeys (): boolean { return this.#held.size > 0 }

  /** @internal */
  get clock (): Clock | undefined { return this.#context?.clock }

  /** @internal */
  listensTo (channel: string): boolean { return this.#state === 'available' && this.#listening(channel).length > 0 }

  /** @internal */
  arrive (channel: string, data: Uint8Array): void {
    if (this.#state !== 'available') return
    for (const { listener } of this.#listening(channel)) listener(data, channel)
  }

  /** @internal Loses the connection. */
  leave (reason: string): void {
    if (this.#state === 'available') this.#change('unavailable', reason)
  }

  /** @internal Claims each key again, or loses it to another node. */
  claimAgain (): void {
    for (const [key, { lost }] of this.#held) {
      const owner = this.#network.owners.get(key) ?? this
      this.#network.owners.set(key, owner)
      if (owner === this) continue
      this.#held.delete(key)
      lost()
    }
  }

  /** @internal Reports that the connection is back. */
  comeBack (): void {
    if (this.#wasAvailable) this.#context?.gap('the network is back')
    this.#available('the network is back')
  }

  #listening (channel: string): Subscription[] {
    return [...this.#subscriptions].filter(({ pattern }) => matchesChannel(pattern, channel))
  }

  #release (key: string, held: Held): void {
    // A late release must not free a key that has been claimed again since.
    if (this.#held.get(key) !== held) return
    this.#held.delete(key)
    if (this.#network.owners.get(key) === this) this.#network.owners.delete(key)
  }

  #available (reason: string): void {
    this.#wasAvailable = true
    this.#change('available', reason)
    for (const { resolve } of this.#waiters.splice(0)) resolve()
  }

  #change (state: EngineState, reason: string): void {
    this.#state = state
    this.#context?.changed(state, reason)
  }

  /** Returns the wait until the owner of a key is sure. */
  #unsure (key: string): Promise<void> | null {
    this.#check()
    return this.#network.owners.has(key) ? null : this.#network.settling
  }

  #check (): void {
    if (this.#state !== 'available') throw this.#unavailable()
  }

  #unavailable (): Error { return new engineErrors.Unavailable('memory', `its state is ${this.#state}`) }
}
