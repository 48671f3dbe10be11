import type { Clock } from '../../../core/clock.ts'
import { Fifo } from '../../../core/fifo.ts'
import { Timer } from '../../../core/timer.ts'
import { FrameHeaders } from '../../codec/index.ts'
import { type Destination, matchesPattern } from '../../destinations.ts'
import { readPosition } from '../local/position.ts'
import type { Publication } from '../publication.ts'
import type { Serial } from '../serial.ts'
import type { HistoryRule, Settings } from '../local/options.ts'

/** Milliseconds between two searches for messages that are too old. */
const SWEEP = 5000

interface Entry {
  readonly publication: Publication
  readonly size: number
  readonly time: number
}

/** The last messages of one topic. Offsets count from 1 in an epoch, and the epoch ends when the broker forgets the log. */
export class Log {
  readonly epoch: string
  readonly rule: HistoryRule
  readonly entries = new Fifo<Entry>()
  bytes = 0
  offset = 0

  constructor (epoch: string, rule: HistoryRule) {
    this.epoch = epoch
    this.rule = rule
  }
}

/**
 * Keeps the last messages of some topics. The messages carry `x-epoch` and `x-offset`. A client that names its last position
 * gets the messages after it, or learns that they are not there any more.
 */
export class History {
  readonly #rules: readonly HistoryRule[]
  readonly #clock: Clock
  readonly #serial: Serial
  readonly #maxLogs: number
  readonly #maxBytes: number
  /** The logs, the one used least recently first. */
  readonly #logs = new Map<string, Log>()
  readonly #timer = new Timer({ expire: () => this.#sweep() })
  #bytes = 0

  constructor ({ history, maxHistories, maxHistoryBytes }: Settings, serial: Serial, clock: Clock) {
    this.#rules = history
    this.#serial = serial
    this.#clock = clock
    this.#maxLogs = maxHistories
    this.#maxBytes = maxHistoryBytes
  }

  /** Finds the log of a topic, and begins it if it is new. Returns `undefined` for a topic without a history. */
  open (destination: Destination): Log | undefined {
    if (this.#rules.length === 0) return undefined
    const { name, segments } = destination
    let log = this.#logs.get(name)
    if (log === undefined) {
      const rule = this.#rules.find((rule) => matchesPattern(rule.segments, segments))
      if (rule === undefined) return undefined
      log = new Log(this.#serial.next(), rule)
    } else {
      this.#logs.delete(name)
    }
    this.#logs.set(name, log)
    if (this.#logs.size > this.#maxLogs) this.#forgetOldest()
    return log
  }

  /** Finds the log for a subscriber. It may begin one if there is room, but may not push another one out. */
  openForSubscriber (destination: Destination): Log | undefined {
    return this.#logs.has(destination.name) || this.#logs.size < this.#maxLogs ? this.open(destination) : undefined
  }

  /** Makes the headers of the next message of a topic. */
  stamp (log: Log, headers: FrameHeaders): FrameHeaders {
    return new FrameHeaders(headers).set('x-epoch', log.epoch).set('x-offset', String(++log.offset))
  }

  append (log: Log, publication: Publication): void {
    const { size } = publication
    log.entries.push({ publication, size, time: this.#clock.now() })
    log.bytes += size
    this.#bytes += size
    if (!this.#timer.running) this.#clock.start(this.#timer, SWEEP)
    while (log.entries.length > log.rule.messages || log.bytes > log.rule.bytes) this.#drop(log)
    while (this.#bytes > this.#maxBytes) this.#forgetOldest()
  }

  /** Finds the messages after `position`, `<epoch>:<offset>`. Returns `null` if one of them may be missing. */
  since (log: Log, position: string): Publication[] | null {
    const asked = readPosition(position)
    if (asked === null || asked.epoch !== log.epoch || asked.offset > log.offset) return null
    this.#dropOld(log)
    const missed = log.offset - asked.offset
    if (missed > log.entries.length) return null
    return [...log.entries].slice(log.entries.length - missed).map(({ publication }) => publication)
  }

  /** Finds the last message of a log whose rule replays it. The list is empty where there is none. */
  replayed (log: Log | undefined): Publication[] {
    if (log === undefined || log.rule.replay === null) return []
    this.#dropOld(log)
    return log.entries.length === 0 ? [] : [log.entries.at(log.entries.length - 1)!.publication]
  }

  /** The octets of all messages that are kept. */
  get bytes (): number { return this.#bytes }

  stop (): void {
    this.#clock.stop(this.#timer)
    this.#logs.clear()
    this.#bytes = 0
  }

  #drop (log: Log): void {
    const { size } = log.entries.shift()!
    log.bytes -= size
    this.#bytes -= size
  }

  #dropOld (log: Log): void {
    const oldest = this.#clock.now() - log.rule.ttl
    while (log.entries.length > 0 && log.entries.first!.time < oldest) this.#drop(log)
  }

  #forgetOldest (): void {
    const [name, log] = this.#logs.entries().next().value!
    this.#logs.delete(name)
    this.#bytes -= log.bytes
  }

  #sweep (): void {
    for (const log of this.#logs.values()) this.#dropOld(log)
    if (this.#bytes > 0) this.#clock.start(this.#timer, SWEEP)
  }
}
