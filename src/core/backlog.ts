import { Fifo } from './fifo.ts'

/** An item with a place in an order. */
export interface Ordered {
  readonly order: number
}

/**
 * The messages of a queue that wait, in order.
 *
 * A message that comes back was taken before every message that was never taken. So the returned ones, a heap, stand before the fresh ones, a list.
 */
export class Backlog<T extends Ordered> {
  readonly #fresh = new Fifo<T>()
  /** A binary heap: no item stands behind the two at twice its index plus 1 and 2. */
  #returned: T[] = []

  get first (): T | undefined { return this.#returned[0] ?? this.#fresh.first }

  push (item: T): void { this.#fresh.push(item) }

  /** Puts an item back at its old place. */
  giveBack (item: T): void {
    const heap = this.#returned
    let at = heap.length
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (heap[parent]!.order < item.order) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = item
  }

  shift (): T | undefined {
    const heap = this.#returned
    const first = heap[0]
    if (first === undefined) return this.#fresh.shift()
    const last = heap.pop()!
    if (heap.length > 0) this.#sink(last)
    return first
  }

  /** Takes out every item for which `goes` is true, and returns them in order. */
  remove (goes: (item: T) => boolean): T[] {
    const gone: T[] = []
    const kept: T[] = []
    for (const item of this.#inOrder) (goes(item) ? gone : kept).push(item)
    // A sorted array is a heap.
    this.#returned = kept
    return gone.concat(this.#fresh.remove(goes))
  }

  clear (): void {
    this.#returned = []
    this.#fresh.clear()
  }

  /** The items in order. */
  * [Symbol.iterator] (): IterableIterator<T> {
    yield * this.#inOrder
    yield * this.#fresh
  }

  get #inOrder (): T[] { return this.#returned.toSorted((one, other) => one.order - other.order) }

  /** Puts an item into the free place at the top, and lets earlier ones pass. */
  #sink (item: T): void {
    const heap = this.#returned
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.order < heap[child]!.order) child++
      if (heap[child]!.order > item.order) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = item
  }
}
