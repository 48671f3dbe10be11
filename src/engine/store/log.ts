import { Fifo } from '../../core/fifo.ts'
import type { LogRule } from '../logs.ts'

/** One message that a log keeps. */
export interface KeptEntry {
  readonly offset: number
  /** The offset of the message before it. */
  readonly previous: number
  readonly data: Uint8Array
  /** The time at which it came. */
  readonly at: number
}

/** A group of logs. Its rule may change. */
export interface Group {
  rule: LogRule
}

/** One log: its last messages, and the places from which they are complete. */
export class Log {
  readonly name: string
  /** The offset of the last message. For an empty log it is the place before the first one. */
  last: number
  readonly #group: Group
  readonly #entries = new Fifo<KeptEntry>()
  #bytes = 0
  /** The offset of the newest message that is gone. */
  #gone: number

  /** Begins behind an offset. The messages before it, if there were any, are gone. */
  constructor (name: string, group: Group, behind: number) {
    this.name = name
    this.last = this.#gone = behind
    this.#group = group
  }

  /** The bytes of its messages. */
  get bytes (): number { return this.#bytes }

  /** The number of its messages. */
  get length (): number { return this.#entries.length }

  /** The last message, `undefined` if the log is empty. */
  get newest (): KeptEntry | undefined { return this.length === 0 ? undefined : this.#entries.at(this.length - 1) }

  push (offset: number, data: Uint8Array, now: number): KeptEntry {
    const entry = { offset, previous: this.last, data, at: now }
    this.last = offset
    this.#entries.push(entry)
    this.#bytes += data.byteLength
    return entry
  }

  /** Drops the messages that its rule does not keep. */
  trim (now: number): void {
    const { messages, bytes, ttl } = this.#group.rule
    while (this.length > messages || this.#bytes > bytes || now - (this.#entries.first?.at ?? now) >= ttl) this.shift()
  }

  /** Drops the oldest message. */
  shift (): void {
    const entry = this.#entries.shift()!
    this.#bytes -= entry.data.byteLength
    this.#gone = entry.offset
  }

  /** True if it has every message behind an offset. */
  isCompleteBehind (offset: number): boolean { return offset >= this.#gone }

  /** Finds the messages behind an offset, the first ones, with at most so many bytes or one. */
  behind (offset: number, maxBytes: number): KeptEntry[] {
    const found: KeptEntry[] = []
    let bytes = 0
    for (let i = this.#indexBehind(offset); i < this.length; i++) {
      const entry = this.#entries.at(i)!
      bytes += entry.data.byteLength
      if (found.length > 0 && bytes > maxBytes) break
      found.push(entry)
    }
    return found
  }

  #indexBehind (offset: number): number {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#entries.at(middle)!.offset <= offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
