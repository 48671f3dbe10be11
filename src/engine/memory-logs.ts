import type { EngineLogGroup, EngineLogs, KeptMessage, LogEntry, LogListener, LogRule, Position } from './logs.ts'
import type { MemoryEngine, MemorySystem } from './memory-engine.ts'
import { matchesChannel } from './patterns.ts'
import type { KeptEntry } from './store/log.ts'
import { checkGroup, nameOfLog } from './store/log-table.ts'

/** One node that follows logs. */
interface Follower {
  /** The pattern, with the group. */
  readonly pattern: string
  readonly listener: LogListener
}

/** The logs of one node of a network in memory. */
export class MemoryLogs implements EngineLogs {
  readonly #engine: MemoryEngine
  readonly #network: MemorySystem
  readonly #rules = new Map<string, LogRule>()
  readonly #followers = new Set<Follower>()

  constructor (engine: MemoryEngine, network: MemorySystem) {
    this.#engine = engine
    this.#network = network
  }

  group (name: string, rule: LogRule): EngineLogGroup {
    checkGroup(name)
    this.#rules.set(name, rule)
    return new MemoryLogGroup(name, this.#engine, this.#network, this.#followers)
  }

  /** Tells the network the groups. */
  restore (): void {
    for (const [name, rule] of this.#rules) this.#network.store.logs.group(name, rule)
  }

  follows (name: string): boolean { return this.#engine.isAvailable && this.#following(name).length > 0 }

  arrive (name: string, entry: LogEntry): void {
    if (!this.#engine.isAvailable) return
    for (const { listener } of this.#following(name)) listener(entry)
  }

  #following (name: string): Follower[] {
    return [...this.#followers].filter(({ pattern }) => matchesChannel(pattern, name))
  }
}

/** The logs of one group, for one node. */
class MemoryLogGroup implements EngineLogGroup {
  readonly #name: string
  readonly #engine: MemoryEngine
  readonly #network: MemorySystem
  readonly #followers: Set<Follower>

  constructor (name: string, engine: MemoryEngine, network: MemorySystem, followers: Set<Follower>) {
    this.#name = name
    this.#engine = engine
    this.#network = network
    this.#followers = followers
  }

  async append (log: string, id: string, data: Uint8Array): Promise<Position> {
    this.#engine.check()
    const name = nameOfLog(this.#name, log)
    const { logs } = this.#network.store
    const { offset, entry } = logs.append(name, id, this.#engine.keep(data))
    if (entry !== null) this.#spread(log, entry)
    return { epoch: logs.epoch, offset }
  }

  async follow (pattern: string, listener: LogListener): Promise<() => void> {
    const follower = { pattern: nameOfLog(this.#name, pattern), listener }
    this.#followers.add(follower)
    await this.#engine.becomesAvailable()
    return () => { this.#followers.delete(follower) }
  }

  async since (log: string, position: Position): Promise<LogEntry[] | null> {
    this.#engine.check()
    const page = this.#network.store.logs.since(nameOfLog(this.#name, log), position)
    return page?.entries.map((entry) => this.#entry(log, entry)) ?? null
  }

  async position (log: string): Promise<Position> {
    this.#engine.check()
    return this.#network.store.logs.position(nameOfLog(this.#name, log))
  }

  async last (log: string): Promise<KeptMessage | null> {
    this.#engine.check()
    const entry = this.#network.store.logs.last(nameOfLog(this.#name, log))
    return entry === undefined ? null : this.#entry(log, entry)
  }

  /** Gives a new message to all nodes that follow its log. */
  #spread (log: string, kept: KeptEntry): void {
    const name = nameOfLog(this.#name, log)
    const entry = this.#entry(log, kept)
    for (const { memoryLogs: logs, node } of this.#network.engines) {
      if (logs.follows(name)) this.#network.deliver({ kind: 'log', from: this.#engine.node, to: node, channel: name, arrive: () => logs.arrive(name, entry) })
    }
  }

  #entry (log: string, { offset, previous, data }: KeptEntry): LogEntry {
    return { log, epoch: this.#network.store.logs.epoch, offset, previous, data }
  }
}
