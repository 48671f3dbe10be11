import { Fifo } from '../../../core/fifo.ts'
import type { QueuedMessage } from './queued-message.ts'

/**
 * The messages of a queue that wait, in order. Two lists are enough, because a message that comes back was delivered before
 * every message that was never delivered. So the returned messages stand before the fresh ones.
 */
export class Backlog {
  readonly #fresh = new Fifo<QueuedMessage>()
  /** The returned messages, the newest first, because the end of an array is cheap to take from. */
  #returned: QueuedMessage[] = []

  get first (): QueuedMessage | undefined {
    return this.#returned.at(-1) ?? this.#fresh.first
  }

  shift (): QueuedMessage | undefined {
    return this.#returned.pop() ?? this.#fresh.shift()
  }

  push (message: QueuedMessage): void {
    this.#fresh.push(message)
  }

  /** Puts a message back at its old place. */
  giveBack (message: QueuedMessage): void {
    const returned = this.#returned
    let low = 0
    let high = returned.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (returned[middle]!.order > message.order) low = middle + 1
      else high = middle
    }
    returned.splice(low, 0, message)
  }

  /** Takes out every message for which `goes` is true, and returns them in order. */
  remove (goes: (message: QueuedMessage) => boolean): QueuedMessage[] {
    const gone = this.#returned.filter(goes).reverse()
    if (gone.length > 0) this.#returned = this.#returned.filter((message) => !goes(message))
    return gone.concat(this.#fresh.remove(goes))
  }

  * [Symbol.iterator] (): IterableIterator<QueuedMessage> {
    for (let i = this.#returned.length - 1; i >= 0; i--) yield this.#returned[i]!
    yield * this.#fresh
  }

  clear (): void {
    this.#returned = []
    this.#fresh.clear()
  }
}
