/** A request over HTTP that brings messages, and that the application cannot take yet. */
export interface HeldSender {
  /** True when its connection is over. */
  readonly gone: boolean
  /** Bytes of its body that have still to be read. */
  readonly bytes: number
  /** The request goes on: the application takes more, or the session has ended. */
  release (): void
}

/** The clients of SockJS send one request after the other; more at once are allowed, this many of one session. */
const MAX_SENDERS = 128

/** The memory of a request that waits, beside its body. */
const REQUEST = 8 * 1024

/** From this many senders on, the first search removes the requests whose connection is over. */
const FIRST_SEARCH = 16

/**
 * The requests of one session that wait until the application can take more: bounded, and counted in the process-wide budget.
 * Their connections have no listener of ours; a request whose connection is over is found when the list grows.
 */
export class HeldSenders {
  #waiting: HeldSender[] = []
  #bodies = 0
  #nextSearch = FIRST_SEARCH

  /** The bytes that the requests occupy, or will occupy as soon as they go on. */
  get bytes (): number { return this.#waiting.length * REQUEST + this.#bodies }

  /** Adds a sender, unless there are too many of them: then it returns false. `maxBytes` bounds the bodies together. */
  add (sender: HeldSender, maxBytes: number): boolean {
    if (this.#waiting.length >= this.#nextSearch || this.#bodies + sender.bytes > maxBytes) this.#removeGone()
    if (this.#waiting.length >= MAX_SENDERS || this.#bodies + sender.bytes > maxBytes) return false
    this.#waiting.push(sender)
    this.#bodies += sender.bytes
    return true
  }

  /** Lets all senders go on, in the order in which they came. */
  release (): void {
    const senders = this.#waiting
    this.#waiting = []
    this.#bodies = 0
    this.#nextSearch = FIRST_SEARCH
    for (const sender of senders) if (!sender.gone) sender.release()
  }

  /** Each search at most doubles the list before the next, so that a sender costs the same however many there are. */
  #removeGone (): void {
    this.#waiting = this.#waiting.filter((sender) => !sender.gone)
    this.#bodies = this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0)
    this.#nextSearch = Math.max(FIRST_SEARCH, 2 * this.#waiting.length)
  }
}
