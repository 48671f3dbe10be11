import type { ClusterNode } from '../../../cluster/node.ts'
import type { EngineLogGroup, Position } from '../../../engine/logs.ts'
import { writePosition } from '../local/position.ts'
import type { Publication } from '../publication.ts'
import { LogReader } from './log-reader.ts'
import type { Source, SourceListener } from './sources.ts'

/** The logs of which a pattern remembers the last place. */
const MOST_READERS = 10_000

/** The history of one topic, which its subscribers can also read again. */
export class LogSource implements Source {
  readonly #node: ClusterNode
  readonly #group: EngineLogGroup
  readonly #log: string
  #reader: LogReader | null = null

  constructor (node: ClusterNode, group: EngineLogGroup, log: string) {
    this.#node = node
    this.#group = group
    this.#log = log
  }

  async start (listener: SourceListener): Promise<() => void> {
    const reader = this.#reader = new LogReader(this.#node, this.#group, this.#log, listener)
    const leave = this.#node.onGap(() => reader.check())
    const end = await reader.begin()
    return () => {
      reader.end()
      leave()
      end()
    }
  }

  /** The place of the last message that was delivered. */
  get position (): string | undefined {
    const position = this.#reader?.position ?? null
    return position === null ? undefined : writePosition(position)
  }

  /** Reads the messages behind a place; `null` if one of them may be missing. The source has started. */
  since (position: Position): Promise<Publication[] | null> { return this.#reader!.since(position) }
}

/** The histories of all topics that fit a pattern. */
export class LogPatternSource implements Source {
  readonly #node: ClusterNode
  readonly #group: EngineLogGroup
  readonly #pattern: string

  constructor (node: ClusterNode, group: EngineLogGroup, pattern: string) {
    this.#node = node
    this.#group = group
    this.#pattern = pattern
  }

  async start (listener: SourceListener): Promise<() => void> {
    const readers = new Map<string, LogReader>()
    const leave = this.#node.onGap(() => { for (const reader of readers.values()) reader.check() })
    const end = await this.#group.follow(this.#pattern, (entry) => {
      let reader = readers.get(entry.log)
      if (reader === undefined) {
        reader = new LogReader(this.#node, this.#group, entry.log, listener)
      } else {
        readers.delete(entry.log)
      }
      readers.set(entry.log, reader)
      if (readers.size > MOST_READERS) {
        const [oldest, silent] = readers.entries().next().value!
        silent.end()
        readers.delete(oldest)
      }
      reader.received(entry)
    })
    return () => {
      for (const reader of readers.values()) reader.end()
      leave()
      end()
    }
  }
}
