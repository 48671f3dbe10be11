import { type HeartBeat, isFrameError, negotiateHeartBeat, parseHeartBeat } from '../../../codec/index.ts'
import type { RefusalCode } from '../../../refusals.ts'
import type { LinkSettings } from './link.ts'
import type { Pending } from './pending.ts'
import type { ReadingTime } from './reading-time.ts'

/** The most milliseconds between two looks at the deadlines, and the least. */
export const LOOK = 500
const SHORTEST_LOOK = 50

/** The part of the interval after which a beat goes out, so that the broker sees it in time (STOMP-H5). */
const EARLY = 0.5

/** The intervals of silence that show a frozen broker. No browser slows the timers of a broker link down. */
const TOLERANCE = 2

/** The deadlines of a connected link: the heart-beats of both sides (RELAY-3), and the RECEIPTs of the broker (RELAY-12). */
export class Deadlines {
  readonly #settings: LinkSettings
  readonly #reading: ReadingTime
  readonly #pending: Pending
  #beats: HeartBeat = { outgoing: 0, incoming: 0 }
  #lastRead: number

  constructor (settings: LinkSettings, reading: ReadingTime, pending: Pending) {
    this.#settings = settings
    this.#reading = reading
    this.#pending = pending
    this.#lastRead = reading.now()
  }

  /** The delay until the next look. */
  get interval (): number {
    const { outgoing } = this.#beats
    return outgoing === 0 ? LOOK : Math.min(LOOK, Math.max(SHORTEST_LOOK, outgoing * EARLY / 2))
  }

  /** True when a RECEIPT is so late that the broker counts as blocked (FACT-9). */
  get blocked (): boolean { return this.#waiting >= this.#settings.blockedAfter }

  /** Takes the header `heart-beat` of CONNECTED. */
  agree (header: string | undefined): void {
    const theirs = parseHeartBeat(header)
    if (isFrameError(theirs)) return
    const [outgoing, incoming] = this.#settings.heartBeat
    this.#beats = negotiateHeartBeat({ outgoing, incoming }, theirs)
  }

  /** Notes that bytes came. */
  read (): void { this.#lastRead = this.#reading.now() }

  /** Tells whether a beat must go out. `idle` is the time since the last write, in milliseconds. */
  beatIsDue (idle: number): boolean {
    const { outgoing } = this.#beats
    return outgoing > 0 && idle >= outgoing * EARLY
  }

  /** Finds the deadline that the broker has missed. */
  missed (): readonly [code: RefusalCode, reason: string] | null {
    const silence = this.#reading.now() - this.#lastRead
    const { incoming } = this.#beats
    if (incoming > 0 && silence >= incoming * TOLERANCE) return ['STOMP_BROKER_LOST', `no heart-beat for ${silence} ms`]
    const { receiptTimeout } = this.#settings
    return this.#waiting >= receiptTimeout ? ['STOMP_BROKER_TIMEOUT', `no RECEIPT for ${this.#pending.oldest!.command} within ${receiptTimeout} ms`] : null
  }

  /** The time that the oldest frame has waited for its RECEIPT. */
  get #waiting (): number {
    const { oldest } = this.#pending
    return oldest === undefined ? 0 : this.#reading.now() - oldest.since
  }
}
