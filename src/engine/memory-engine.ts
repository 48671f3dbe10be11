import type { Clock } from '../core/clock.ts'
import type { ChannelListener, Claim, Engine, EngineChannels, EngineClaims, EngineContext, EngineFacts, EngineState } from './engine.ts'
import { engineErrors } from './errors.ts'
import type { EngineLogs } from './logs.ts'
import { MemoryLogs } from './memory-logs.ts'
import { MemoryQueues } from './memory-queues.ts'
import { matchesChannel } from './patterns.ts'
import type { EngineQueues } from './queues.ts'
import type { LogTable } from './store/log-table.ts'
import type { QueueTable } from './store/queue-table.ts'

/** A message on its way to one node. */
export interface MemoryDelivery {
  /** The kind of the message. `log` is one that the node follows, and `queue` one that it has taken. */
  readonly kind: 'channel' | 'log' | 'queue'
  /** The id of the node that publishes or appends; the empty string for a message of a queue. */
  readonly from: string
  /** The id of the node that listens. */
  readonly to: string
  /** The channel, such as `members` for the beats of nodes, the log with its group, or the queue. */
  readonly channel: string
  /** Gives the message to the node, unless the network is away from it. A second call is a repeat, which a queue does not make. */
  arrive (): void
}

/** The messages that a network keeps. */
export interface MemoryStore {
  readonly logs: LogTable
  readonly queues: QueueTable
}

/** The network, as the engine of one node sees it. */
export interface MemorySystem {
  /** @internal */
  readonly facts: EngineFacts
  /** @internal The keys that nodes have claimed. */
  readonly owners: Map<string, MemoryEngine>
  /** @internal Resolves when every key without an owner is sure to have none. `null` if that is so now. */
  readonly settling: Promise<void> | null
  /** @internal Adds a node. Tells whether the messaging system is there for it. */
  join (engine: MemoryEngine): boolean
  /** @internal Removes a node with its claims. */
  remove (engine: MemoryEngine): void
  /** @internal The engines that have joined. */
  readonly engines: Iterable<MemoryEngine>
  /** @internal The messages that the network keeps. */
  readonly store: MemoryStore
  /** @internal Brings a message to one node. */
  deliver (delivery: MemoryDelivery): void
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
  readonly logs: EngineLogs
  readonly queues: EngineQueues
  /** @internal True while the network is taken away from this node. */
  cut = false
  readonly #network: MemorySystem
  /** @internal */
  readonly memoryLogs: MemoryLogs
  /** @internal */
  readonly memoryQueues: MemoryQueues
  readonly #subscriptions = new Set<Subscription>()
  readonly #held = new Map<string, Held>()
  readonly #waiters: Waiter[] = []
  #context: EngineContext | null = null
  #state: EngineState = 'starting'
  #wasAvailable = false

  /** @internal Engines are made by `network.engine()`. */
  constructor (network: MemorySystem) {
    this.#network = network
    this.facts = network.facts
    this.logs = this.memoryLogs = new MemoryLogs(this, network)
    this.queues = this.memoryQueues = new MemoryQueues(this, network)
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
    this.memoryQueues.leave()
    this.#network.remove(this)
    this.#subscriptions.clear()
    this.#held.clear()
    this.#change('stopped', 'stopped')
    for (const { reject } of this.#waiters.splice(0)) reject(this.unavailable())
  }

  // --- channels ----------------------------------------------------------------------------------------------

  publish (channel: string, data: Uint8Array): void {
    if (this.#state !== 'available') return
    const kept = this.keep(data)
    for (const to of this.#network.engines) {
      if (to.listensTo(channel)) this.#network.deliver({ kind: 'channel', from: this.node, to: to.node, channel, arrive: () => to.arrive(channel, kept) })
    }
  }

  async flushed (): Promise<void> { this.check() }

  async subscribe (channel: string, listener: ChannelListener): Promise<() => void> {
    if (this.#state === 'stopped') throw this.unavailable()
    const subscription = { pattern: channel, listener }
    this.#subscriptions.add(subscription)
    await this.becomesAvailable()
    return () => { this.#subscriptions.delete(subscription) }
  }

  // --- claims ------------------------------------------------------------------------------------------------

  async claim (key: string, lost: () => void): Promise<Claim> {
    const unsure = this.#unsure(key)
    if (unsure !== null) {
      await unsure
      this.check()
    }
    const owner = this.#network.owners.get(key)
    if (owner !== undefined) return { owner: owner.node }
    const held: Held = { lost }
    this.#network.owners.set(key, this)
    this.#held.set(key, held)
    return { owner: null, release: () => this.#release(key, held) }
  }

  async reaches (node: string): Promise<boolean> {
    this.check()
    return [...this.#network.engines].some((engine) => engine.node === node && !engine.cut)
  }

  async locate (key: string): Promise<string | null> {
    const unsure = this.#unsure(key)
    if (unsure !== null) {
      await unsure
      this.check()
    }
    return this.#network.owners.get(key)?.node ?? null
  }

  // --- for the parts -----------------------------------------------------------------------------------------

  /** @internal */
  get isAvailable (): boolean { return this.#state === 'available' }

  /** @internal Throws while the network is away. */
  check (): void {
    if (this.#state !== 'available') throw this.unavailable()
  }

  /** @internal Resolves when the network is there, and rejects when the engine stops before. */
  async becomesAvailable (): Promise<void> {
    if (this.#state === 'stopped') throw this.unavailable()
    if (this.#state !== 'available') await new Promise<void>((resolve, reject) => { this.#waiters.push({ resolve, reject }) })
  }

  /** @internal */
  unavailable (reason = `its state is ${this.#state}`): Error { return new engineErrors.Unavailable('memory', reason) }

  /** @internal Copies a message, because the sender may use its buffer again. Throws if it is too large. */
  keep (data: Uint8Array): Uint8Array {
    const { maxPayload } = this.facts
    if (data.byteLength > maxPayload) throw new engineErrors.TooLarge(data.byteLength, maxPayload)
    return data.slice()
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
    if (this.#state !== 'available') return
    this.memoryQueues.leave()
    this.#change('unavailable', reason)
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
    this.#state = 'available'
    this.memoryLogs.restore()
    this.memoryQueues.restore()
    this.#change('available', reason)
    for (const { resolve } of this.#waiters.splice(0)) resolve()
  }

  #change (state: EngineState, reason: string): void {
    this.#state = state
    this.#context?.changed(state, reason)
  }

  /** Returns the wait until the owner of a key is sure. */
  #unsure (key: string): Promise<void> | null {
    this.check()
    return this.#network.owners.has(key) ? null : this.#network.settling
  }
}
