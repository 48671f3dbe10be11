import type { Clock } from '../core/clock.ts'
import type { EngineFacts } from './engine.ts'
import { type MemoryDelivery, MemoryEngine, type MemoryStore, type MemorySystem } from './memory-engine.ts'
import { Reclaiming } from './reclaiming.ts'
import { LogTable } from './store/log-table.ts'
import { QueueTable } from './store/queue-table.ts'

export type { MemoryDelivery, MemoryEngine } from './memory-engine.ts'

/** The settings of a network in memory. */
export interface MemoryNetworkOptions {
  /** Default `memory`. */
  readonly namespace?: string
  /** The bytes that one publication may have. Default 1 MiB, as NATS has it. */
  readonly maxPayload?: number
  /** The time for which a node keeps its keys without a connection. Default `lease`. */
  readonly keysLast?: EngineFacts['keysLast']
  /** Delivers messages. Default: each in a turn of the event loop of its own. A test may collect them, reorder nodes, or lose some. */
  readonly deliver?: (delivery: MemoryDelivery) => void
}

/**
 * Connects several nodes of one process, for tests of applications.
 *
 * Each application gets an engine of its own: `app.register(sockjs, { engine: network.engine() })`.
 * It does as a real messaging system does: publications arrive in later turns, a cut node misses them, and a restart loses all claims, logs and queues.
 */
export class MemoryNetwork implements MemorySystem {
  /** @internal */
  readonly facts: EngineFacts
  /** @internal The keys that nodes have claimed. */
  readonly owners = new Map<string, MemoryEngine>()
  /** @internal The engines that have joined. */
  readonly engines = new Set<MemoryEngine>()
  /** @internal */
  readonly deliver: (delivery: MemoryDelivery) => void
  #running = true
  #clock: Clock | null = null
  #store: MemoryStore | null = null
  #reclaiming: Reclaiming | null = null

  constructor ({ namespace = 'memory', maxPayload = 1024 * 1024, keysLast = 'lease', deliver = ({ arrive }) => { setImmediate(arrive) } }: MemoryNetworkOptions = {}) {
    this.facts = { name: 'memory', maxPayload, namespace, secret: '', keysLast, sign: false, totalOrder: true, queues: { inOrder: true, passesOn: true, acksLast: true, boundedTogether: true, lease: 0 }, durable: false }
    this.deliver = deliver
  }

  /** Makes the engine of one more node. */
  engine (): MemoryEngine { return new MemoryEngine(this) }

  /** Takes the network away from the named nodes, or from all, as a lost connection does. Their keys stay theirs. */
  cut (...nodes: readonly MemoryEngine[]): void {
    const engines = [...this.#all(nodes)]
    for (const engine of engines) engine.cut = true
    this.#lose(engines, 'the network was cut')
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
    this.#store = null
    this.#lose(this.engines, 'the network was killed')
  }

  /** Starts the messaging system again. It does nothing while the system runs. */
  revive (): void {
    if (this.#running) return
    this.#running = true
    this.#reconnect(this.engines)
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
    this.engines.add(engine)
    this.#clock ??= engine.clock!
    return this.#running && !engine.cut
  }

  /** @internal Removes a node with its claims. */
  remove (engine: MemoryEngine): void {
    this.engines.delete(engine)
    this.forget(engine)
    this.#settle()
  }

  /** @internal Resolves when every key without an owner is sure to have none. Returns `null` if that is so now. */
  get settling (): Promise<void> | null { return this.#reclaiming === null || this.#reclaiming.isOver ? null : this.#reclaiming.over }

  /** @internal The logs and the queues. They are empty after the system was killed. */
  get store (): MemoryStore {
    const clock = this.#clock!
    this.#store ??= { logs: new LogTable(crypto.randomUUID(), clock), queues: new QueueTable(clock) }
    return this.#store
  }

  #all (nodes: readonly MemoryEngine[]): Iterable<MemoryEngine> { return nodes.length === 0 ? this.engines : nodes }

  /** Finds a node that has keys to claim again and is away. */
  #missing (): MemoryEngine | undefined { return [...this.engines].find((engine) => engine.isAway && engine.hasKeys) }

  /** Takes the network away. A message that one of the nodes gives back must not go to another one of them. */
  #lose (engines: Iterable<MemoryEngine>, reason: string): void {
    for (const engine of engines) engine.memoryQueues.pause()
    for (const engine of engines) engine.leave(reason)
  }

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
