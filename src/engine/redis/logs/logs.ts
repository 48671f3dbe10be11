import type { EngineLogs, LogRule } from '../../logs.ts'
import type { StoreParts } from '../store.ts'
import { RedisLogGroup } from './group.ts'

/** The logs of one node. Each is a stream with its state beside it. */
export class RedisLogs implements EngineLogs {
  readonly #groups = new Map<string, RedisLogGroup>()

  /** True if the node has logs. */
  get inUse (): boolean { return this.#groups.size > 0 }

  group (name: string, rule: LogRule): RedisLogGroup {
    const group = new RedisLogGroup(name, rule)
    this.#groups.set(name, group)
    return group
  }

  /** Takes note of the parts of the node that starts. */
  begin (parts: StoreParts, isCluster: boolean): void {
    for (const group of this.#groups.values()) group.begin(parts, isCluster)
  }

  /** Sets the rules of all groups. */
  async restore (parts: StoreParts): Promise<void> {
    for (const group of this.#groups.values()) await group.restore(parts)
  }
}
