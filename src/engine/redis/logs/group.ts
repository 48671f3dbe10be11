import type { EngineLogGroup, KeptMessage, LogEntry, LogListener, LogRule, Position } from '../../logs.ts'
import { unavailable } from '../calls.ts'
import { copyOf, ID_TIME, runScript, type StoreParts } from '../store.ts'
import { APPEND, LAST, POSITION, SINCE } from './scripts.ts'
import { arrivedEntry, epochOf, type KeptEntry, keptEntry, positionOf } from './wire.ts'

/** The largest number of a rule. A larger one means no bound. */
const LARGEST = Number.MAX_SAFE_INTEGER

/** The shards of a group in a Redis Cluster. Each is in one hash slot, and has a copy of the rule. */
const SHARDS = 16

/** The place of one log. */
interface Place {
  readonly shard: number
  readonly keys: readonly [rule: string, state: string, entries: string]
}

/** The logs of one group at one node. */
export class RedisLogGroup implements EngineLogGroup {
  readonly #name: string
  readonly #rule: LogRule
  #parts: StoreParts | null = null
  #shards = 1
  #isNew = true

  constructor (name: string, rule: LogRule) {
    this.#name = name
    this.#rule = rule
  }

  /** Takes note of the parts of the node that starts. */
  begin (parts: StoreParts, isCluster: boolean): void {
    this.#parts = parts
    if (isCluster) this.#shards = SHARDS
  }

  /** Sets the rule. Later it is set only where it is gone, because a node that started after this one may have set another. */
  async restore ({ calls, names }: StoreParts): Promise<void> {
    const { messages, bytes, ttl } = this.#rule
    const rule = [messages, bytes, ttl].map((bound) => Math.min(Math.trunc(bound), LARGEST)).join(' ')
    const keys = Array.from({ length: this.#shards }, (_, shard) => names.rule(this.#name, shard))
    await Promise.all(keys.map((key) => calls.ask('set', key, rule, ...(this.#isNew ? [] : ['NX']))))
    this.#isNew = false
  }

  async append (log: string, id: string, data: Uint8Array): Promise<Position> {
    const parts = this.#started
    const { names, node } = parts
    const { shard, keys } = this.#placeOf(log)
    const key = names.log(this.#name, shard, 'id', `${log}:${id}`)
    const reply = runScript(parts, APPEND, [...keys, key], copyOf(data), names.channel(log, names.logs(this.#name)), node, ID_TIME)
    return positionOf(await reply as [Buffer, Buffer])
  }

  async follow (pattern: string, listener: LogListener): Promise<() => void> {
    const { names, subscriptions } = this.#started
    return await subscriptions.add(pattern, (data, log) => {
      const entry = arrivedEntry(log, data)
      if (entry !== null) listener(entry)
    }, names.logs(this.#name))
  }

  async since (log: string, { epoch, offset }: Position): Promise<LogEntry[] | null> {
    const reply = await runScript(this.#started, SINCE, this.#placeOf(log).keys, epoch, offset) as KeptEntry[] | null
    return reply?.map((entry) => keptEntry(log, epoch, entry)) ?? null
  }

  async position (log: string): Promise<Position> {
    const parts = this.#started
    return positionOf(await runScript(parts, POSITION, this.#placeOf(log).keys.slice(0, 2), parts.node) as [Buffer, Buffer])
  }

  async last (log: string): Promise<KeptMessage | null> {
    const reply = await runScript(this.#started, LAST, this.#placeOf(log).keys) as readonly [Uint8Array, KeptEntry] | null
    return reply === null ? null : keptEntry(log, epochOf(reply), reply[1])
  }

  get #started (): StoreParts {
    if (this.#parts === null) throw unavailable('it has not started')
    return this.#parts
  }

  #placeOf (log: string): Place {
    const { names } = this.#started
    const shard = shardOf(log, this.#shards)
    return { shard, keys: [names.rule(this.#name, shard), names.log(this.#name, shard, 'state', log), names.log(this.#name, shard, 'entries', log)] }
  }
}

/** The shard of a log: a number that all nodes find from its name. */
export function shardOf (log: string, shards: number): number {
  let sum = 0
  for (let i = 0; i < log.length; i++) sum = (sum * 31 + log.charCodeAt(i)) % 4_294_967_296
  return sum % shards
}
