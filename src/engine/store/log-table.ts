import type { Clock } from '../../core/clock.ts'
import { engineErrors } from '../errors.ts'
import type { LogRule, Position } from '../logs.ts'
import { type Group, type KeptEntry, Log } from './log.ts'
import { RecentIds } from './recent-ids.ts'

/** The bounds of all logs together. */
export interface LogLimits {
  readonly logs: number
  /** The bytes, in which each log and each message counts `COST` bytes more. */
  readonly bytes: number
}

/** The memory that a log or a message takes besides its bytes, roughly. */
const COST = 128

const LIMITS: LogLimits = { logs: 100_000, bytes: 64 * 1024 * 1024 }

/** The outcome of an append. The entry is `null` if the id was there before. */
export interface Appended {
  readonly offset: number
  readonly entry: KeptEntry | null
}

/** The next messages behind a position. */
export interface Page {
  readonly entries: readonly KeptEntry[]
  /** True if more of them follow. */
  readonly more: boolean
}

/** Checks the name of a group, which is one segment of the name of a channel. */
export function checkGroup (name: string): void {
  if (!/^[A-Za-z0-9_-]+$/.test(name)) throw new engineErrors.InvalidOption('group', `the name must be letters, digits, _ or -, not ${name}`)
}

/** The full name of a log. The name of a group is one segment, so a pattern of full names stays within its group. */
export function nameOfLog (group: string, log: string): string { return `${group}.${log}` }

/**
 * Holds logs, for an engine that keeps them in its own memory.
 *
 * All logs share one counter of offsets and one epoch. So a log that is not there needs no record: it can be read from any offset behind
 * the last message of every log that was forgotten. Above the bounds, the log that was not used for longest is forgotten.
 */
export class LogTable {
  readonly epoch: string
  readonly #clock: Clock
  readonly #limits: LogLimits
  readonly #groups = new Map<string, Group>()
  /** The logs by their full names, the one that was not used for longest first. */
  readonly #logs = new Map<string, Log>()
  readonly #ids: RecentIds<number>
  #last = 0
  /** The last offset of the logs that were forgotten. */
  #forgotten = 0
  #bytes = 0

  constructor (epoch: string, clock: Clock, limits: LogLimits = LIMITS) {
    this.epoch = epoch
    this.#clock = clock
    this.#limits = limits
    this.#ids = new RecentIds(clock)
  }

  /** Names a group, or gives it another rule. */
  group (name: string, rule: LogRule): void {
    const group = this.#groups.get(name)
    if (group === undefined) this.#groups.set(name, { rule })
    else group.rule = rule
  }

  /** True if the log is of a group that has a name. */
  has (name: string): boolean { return this.#groups.has(groupOf(name)) }

  /** Appends to a log of a group that has a name. The table keeps `data`. */
  append (name: string, id: string, data: Uint8Array): Appended {
    const key = `${name}/${id}`
    const before = this.#ids.get(key)
    if (before !== undefined) return { offset: before, entry: null }
    const log = this.#find(name) ?? this.#add(name)
    const entry = log.push(++this.#last, data, this.#clock.now())
    this.#bytes += data.byteLength + COST
    this.#ids.add(key, entry.offset)
    this.#trim(log)
    this.#shrink()
    return { offset: entry.offset, entry }
  }

  /** Reads the messages behind a position, at most so many bytes or one message. `null` if one of them may be missing. */
  since (name: string, { epoch, offset }: Position, maxBytes = Infinity): Page | null {
    if (epoch !== this.epoch || offset > this.#last) return null
    const log = this.#find(name)
    if (log === undefined) return offset >= this.#forgotten ? { entries: [], more: false } : null
    this.#trim(log)
    if (!log.isCompleteBehind(offset)) return null
    const entries = log.behind(offset, maxBytes)
    return { entries, more: entries.length > 0 && entries.at(-1)!.offset < log.last }
  }

  position (name: string): Position {
    return { epoch: this.epoch, offset: this.#find(name)?.last ?? this.#last }
  }

  /** Reads the last message of a log, `undefined` if there is none. */
  last (name: string): KeptEntry | undefined {
    const log = this.#find(name)
    if (log === undefined) return undefined
    this.#trim(log)
    return log.newest
  }

  /** Finds a log, and notes that it was used. */
  #find (name: string): Log | undefined {
    const log = this.#logs.get(name)
    if (log === undefined) return undefined
    this.#logs.delete(name)
    this.#logs.set(name, log)
    return log
  }

  #add (name: string): Log {
    const log = new Log(name, this.#groups.get(groupOf(name))!, this.#forgotten)
    this.#logs.set(name, log)
    this.#bytes += COST
    return log
  }

  #trim (log: Log): void {
    this.#resize(log, () => log.trim(this.#clock.now()))
  }

  /** Forgets the oldest logs, or the oldest messages of the only one, until the bounds are kept. */
  #shrink (): void {
    const { logs, bytes } = this.#limits
    while (this.#logs.size > logs || this.#bytes > bytes) {
      const [oldest] = this.#logs.values() as Iterable<Log> as [Log]
      if (this.#logs.size === 1) this.#resize(oldest, () => oldest.shift())
      else this.#forget(oldest)
    }
  }

  #forget (log: Log): void {
    this.#logs.delete(log.name)
    this.#bytes -= log.bytes + (log.length + 1) * COST
    this.#forgotten = Math.max(this.#forgotten, log.last)
  }

  #resize (log: Log, change: () => void): void {
    const before = log.bytes + log.length * COST
    change()
    this.#bytes += log.bytes + log.length * COST - before
  }
}

function groupOf (name: string): string { return name.slice(0, name.indexOf('.')) }
