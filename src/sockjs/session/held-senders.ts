/** A request over HTTP with messages that the application cannot take yet. */
export interface HeldSender {
  /** True when its connection is over. */
  readonly gone: boolean
  /** The bytes of its body that the server has still to read. */
  readonly bytes: number
  /** Lets the request go on: the application takes more, or the session has ended. */
  release (): void
}

/** The most requests of one session that may wait. Clients of SockJS send one request after the other, but more at once are allowed. */
const MAX_SENDERS = 128

/** The memory of a request that waits, without its body. */
const REQUEST = 8 * 1024

/** The number of waiting requests at which the first search removes the requests whose connection is over. */
const FIRST_SEARCH = 16

/**
 * The requests of one session that wait until the application can take more.
 *
 * Their number is bounded, and their bytes count in the process-wide budget. The class adds no listener to their connections; it finds
 * requests whose connection is over when the list grows.
 */
export class HeldSenders {
  #waiting: HeldSender[] = []
  #bodies = 0
  #nextSearch = FIRST_SEARCH

  /** The bytes that the requests occupy, or will occupy as soon as they go on. */
  get bytes (): number { return this.#waiting.length * REQUEST + this.#bodies }

  /** Adds a request. Returns false if too many wait already. `maxBytes` bounds the bodies together. */
  add (sender: HeldSender, maxBytes: number): boolean {
    if (this.#waiting.length >= this.#nextSearch || this.#bodies + sender.bytes > maxBytes) this.#removeGone()
    if (this.#waiting.length >= MAX_SENDERS || this.#bodies + sender.bytes > maxBytes) return false
    this.#waiting.push(sender)
    this.#bodies += sender.bytes
    return true
  }

  /** Lets all requests go on, in the order in which they came. */
  release (): void {
    const senders = this.#waiting
    this.#waiting = []
    this.#bodies = 0
    this.#nextSearch = FIRST_SEARCH
    for (const sender of senders) if (!sender.gone) sender.release()
  }

  /**
   * Removes the requests whose connection is over.
   *
   * The list at most doubles before the next search, so that the cost of a request does not grow with their number.
   */
  #removeGone (): void {
    this.#waiting = this.#waiting.filter((sender) => !sender.gone)
    this.#bodies = this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0)
    this.#nextSearch = Math.max(FIRST_SEARCH, 2 * this.#waiting.length)
  }
}
