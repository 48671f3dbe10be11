import { Buffer } from 'node:buffer'
import type { Clock } from '../core/clock.ts'
import { Timer, type TimerOwner } from '../core/timer.ts'
import type { AnySession, SessionWatcher } from '../sockjs/session/index.ts'
import type { Message } from '../stream/message-stream.ts'
import { type ShownMessage, showFrame, showMessage } from './frames.ts'

/** The time after which a watch ends that no page asks for, in milliseconds. */
const PATIENCE = 5_000

/** The most sessions that are watched at a time. */
const MOST_WATCHED = 50

/** The most messages that wait for the pages. */
const MOST_KEPT = 200

/** One message of a watched session. */
export interface WatchedMessage extends ShownMessage {
  /** The number of the message among the messages that were shown, from 1. */
  readonly number: number
  /** Milliseconds since 1970. */
  readonly time: number
  readonly direction: 'in' | 'out'
}

/** The news of a watch. */
export interface WatchNews {
  readonly messages: readonly WatchedMessage[]
  /** The messages in both directions since the watch began, and their bytes. */
  readonly counts: { readonly in: number, readonly out: number, readonly bytesIn: number, readonly bytesOut: number }
  /** The messages that were counted and not shown, because more came than the sample allows. */
  readonly skipped: number
}

export interface WatchOptions {
  readonly clock: Clock
  /** The messages that are shown in each second. */
  readonly sample: number
  readonly bodies: boolean
}

/** The sessions whose messages are watched. A session that is not watched costs nothing. */
export class Watches {
  readonly #options: WatchOptions
  readonly #watches = new Map<AnySession, Watch>()

  constructor (options: WatchOptions) { this.#options = options }

  /** The number of sessions that are watched. */
  get size (): number { return this.#watches.size }

  /** Gives the messages behind number `after`. The first question begins the watch. Returns `null` if too many sessions are watched. */
  news (session: AnySession, isStomp: boolean, after: number): WatchNews | null {
    let watch = this.#watches.get(session)
    if (watch === undefined) {
      if (this.#watches.size >= MOST_WATCHED) return null
      watch = new Watch(session, isStomp, this.#options, () => this.#watches.delete(session))
      this.#watches.set(session, watch)
    }
    return watch.news(after)
  }

  stop (): void { for (const watch of [...this.#watches.values()]) watch.end() }
}

/** One watched session. */
class Watch implements SessionWatcher, TimerOwner {
  readonly #session: AnySession
  readonly #show: (message: Message) => ShownMessage
  readonly #options: WatchOptions
  readonly #ended: () => void
  readonly #timer = new Timer(this)
  #kept: WatchedMessage[] = []
  #number = 0
  #skipped = 0
  readonly #counts = { in: 0, out: 0, bytesIn: 0, bytesOut: 0 }
  /** The second that is being sampled, and the messages that were shown in it. */
  #second = 0
  #shown = 0

  constructor (session: AnySession, isStomp: boolean, options: WatchOptions, ended: () => void) {
    this.#session = session
    this.#options = options
    this.#ended = ended
    this.#show = (message) => (isStomp ? showFrame : showMessage)(message, options.bodies)
    session.watcher = this
  }

  news (after: number): WatchNews {
    this.#options.clock.start(this.#timer, PATIENCE)
    return {
      messages: this.#kept.filter(({ number }) => number > after),
      counts: { ...this.#counts },
      skipped: this.#skipped
    }
  }

  received (message: Message): void {
    this.#counts.in++
    this.#note('in', message)
  }

  sent (message: Message): void {
    this.#counts.out++
    this.#note('out', message)
  }

  /** Ends the watch, because no page asks for it. */
  expire (): void { this.end() }

  end (): void {
    this.#options.clock.stop(this.#timer)
    if (this.#session.watcher === this) this.#session.watcher = null
    this.#ended()
  }

  #note (direction: 'in' | 'out', message: Message): void {
    const size = typeof message === 'string' ? Buffer.byteLength(message) : message.byteLength
    this.#counts[direction === 'in' ? 'bytesIn' : 'bytesOut'] += size
    const second = Math.trunc(this.#options.clock.now() / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#shown = 0
    }
    if (this.#shown >= this.#options.sample) {
      this.#skipped++
      return
    }
    this.#shown++
    this.#kept.push({ number: ++this.#number, time: this.#options.clock.date(), direction, ...this.#show(message) })
    if (this.#kept.length > MOST_KEPT) this.#kept.shift()
  }
}
