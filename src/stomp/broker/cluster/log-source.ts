import type { ClusterNode } from '../../../cluster/node.ts'
import type { Position } from '../../../engine/logs.ts'
import { writePosition } from '../local/position.ts'
import type { Publication } from '../publication.ts'
import type { HistoryGroup } from './history-group.ts'
import { LogReader } from './log-reader.ts'
import type { Source, SourceListener } from './sources.ts'

/** The logs of which a pattern remembers the last place. */
const MOST_READERS = 10_000

/** The history of one topic, which its subscribers can also read again. */
export class LogSource implements Source {
  readonly #node: ClusterNode
  readonly #history: HistoryGroup
  readonly #log: string
  #reader: LogReader | null = null

  constructor (node: ClusterNode, history: HistoryGroup, log: string) {
    this.#node = node
    this.#history = history
    this.#log = log
  }

  /** True if a new subscriber gets the last message. */
  get replaysLast (): boolean { return this.#history.replay !== null }

  async start (listener: SourceListener): Promise<() => void> {
    const reader = this.#reader = new LogReader(this.#node, this.#history, this.#log, listener)
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

  /** Reads the last message. The list is empty if the log does not keep it. The source has started. */
  last (): Promise<Publication[]> { return this.#reader!.last() }
}

/** The histories of all topics that fit a pattern. */
export class LogPatternSource implements Source {
  readonly #node: ClusterNode
  readonly #history: HistoryGroup
  readonly #pattern: string

  constructor (node: ClusterNode, history: HistoryGroup, pattern: string) {
    this.#node = node
    this.#history = history
    this.#pattern = pattern
  }

  async start (listener: SourceListener): Promise<() => void> {
    const readers = new Map<string, LogReader>()
    const leave = this.#node.onGap(() => { for (const reader of readers.values()) reader.check() })
    const end = await this.#history.logs.follow(this.#pattern, (entry) => {
      let reader = readers.get(entry.log)
      if (reader === undefined) {
        reader = new LogReader(this.#node, this.#history, entry.log, listener)
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
