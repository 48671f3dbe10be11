import { Buffer } from 'node:buffer'
import type { Clock } from '../../../core/clock.ts'
import { Timer, type TimerOwner } from '../../../core/timer.ts'
import type { LogEntry, LogListener } from '../../logs.ts'

/** The time that a message waits for the one before it, in milliseconds. */
const PATIENCE = 200
/** The messages that wait at most. */
const MOST = 10_000
/** The number of logs of which the last message is remembered, and so many of before. */
const REMEMBERED = 10_000

/** The link, which has a clock when the engine has started. */
interface Timed {
  readonly context: { readonly clock: Clock }
}

/** The messages of one log that wait for an earlier one, in order. */
interface Waiting {
  readonly since: number
  readonly entries: LogEntry[]
}

/**
 * Brings the live messages of logs in order.
 *
 * JetStream passes on the messages of two publishers in another order than it stores them, now and then. Each message names the one before it in
 * its log, so that one that came too early waits for it. If the earlier one does not come, it is lost, and the later ones show the gap.
 */
export class LiveOrder implements TimerOwner {
  readonly #link: Timed
  readonly #listener: LogListener
  readonly #timer = new Timer(this)
  readonly #waiting = new Map<string, Waiting>()
  #count = 0
  #epoch = ''
  /** The offset of the last message of each log. The logs of which no message came for longest are in `#older`, and then forgotten. */
  #last = new Map<string, number>()
  #older = new Map<string, number>()
  /** No message at or below this offset is waited for. */
  #start = 0
  #highest = 0
  #highestOlder = 0

  constructor (link: Timed, listener: LogListener) {
    this.#link = link
    this.#listener = listener
  }

  /** Learns that the messages up to an offset are older than the subscription. */
  begin (epoch: string, offset: number): void {
    this.#turnTo(epoch)
    this.#start = Math.max(this.#start, offset)
    for (const log of [...this.#waiting.keys()]) this.#release(log)
  }

  /** Takes a message. Its data are valid until the call returns. */
  take (entry: LogEntry): void {
    this.#turnTo(entry.epoch)
    const last = this.#lastOf(entry.log)
    // The message was given up before it came. The one behind it has shown the gap.
    if (entry.offset <= last) return
    if (entry.previous > last) return this.#wait(entry)
    this.#give(entry)
    this.#release(entry.log)
  }

  /** Ends the wait, and gives nothing more. */
  close (): void {
    this.#waiting.clear()
    if (this.#timer.running) this.#clock.stop(this.#timer)
  }

  /** @internal */
  expire (): void {
    const now = this.#clock.now()
    for (const [log, { since }] of this.#waiting) if (now - since >= PATIENCE) this.#release(log, true)
    if (this.#waiting.size > 0) this.#clock.start(this.#timer, PATIENCE)
  }

  get #clock (): Clock { return this.#link.context.clock }

  #wait (entry: LogEntry): void {
    const waiting = this.#waiting.get(entry.log) ?? { since: this.#clock.now(), entries: [] }
    this.#waiting.set(entry.log, waiting)
    waiting.entries.push({ ...entry, data: Buffer.from(entry.data) })
    waiting.entries.sort((one, other) => one.offset - other.offset)
    if (++this.#count > MOST) return this.#releaseAll()
    if (!this.#timer.running) this.#clock.start(this.#timer, PATIENCE)
  }

  /** Gives the messages of a log that wait for nothing any more, or all of them. */
  #release (log: string, all = false): void {
    const waiting = this.#waiting.get(log)
    if (waiting === undefined) return
    this.#waiting.delete(log)
    const { since, entries } = waiting
    let given = 0
    for (const entry of entries) {
      if (!all && entry.previous > this.#lastOf(log)) break
      given++
      this.#give(entry)
    }
    this.#count -= given
    if (given < entries.length) this.#waiting.set(log, { since, entries: entries.slice(given) })
  }

  #releaseAll (): void { for (const log of [...this.#waiting.keys()]) this.#release(log, true) }

  #give (entry: LogEntry): void {
    this.#last.set(entry.log, entry.offset)
    this.#highest = Math.max(this.#highest, entry.offset)
    if (this.#last.size > REMEMBERED) this.#forget()
    this.#listener(entry)
  }

  #lastOf (log: string): number { return this.#last.get(log) ?? this.#older.get(log) ?? this.#start }

  #forget (): void {
    this.#start = Math.max(this.#start, this.#highestOlder)
    this.#older = this.#last
    this.#highestOlder = this.#highest
    this.#last = new Map()
  }

  /** Begins anew with another life of the stream, which counts from 1. */
  #turnTo (epoch: string): void {
    if (epoch === this.#epoch) return
    this.#releaseAll()
    this.#epoch = epoch
    this.#last.clear()
    this.#older.clear()
    this.#start = this.#highest = this.#highestOlder = 0
  }
}
