/** A first-in first-out list. It keeps no item that was taken out, and `shift` costs the same at any length. */
export class Fifo<T> {
  #items: (T | undefined)[] = []
  #head = 0

  get length (): number {
    return this.#items.length - this.#head
  }

  get first (): T | undefined {
    return this.#items[this.#head]
  }

  /** The item at a place, 0 for the first. */
  at (index: number): T | undefined {
    return this.#items[this.#head + index]
  }

  push (item: T): void {
    this.#items.push(item)
  }

  shift (): T | undefined {
    if (this.#head === this.#items.length) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head] = undefined
    this.#head++
    if (this.#head === this.#items.length) this.clear()
    // Half of the array is empty, so the rest is copied once.
    else if (this.#head > 64 && this.#head * 2 > this.#items.length) this.#replace(this.#items.slice(this.#head))
    return item
  }

  /** Takes out the last item. */
  pop (): T | undefined {
    if (this.length === 0) return undefined
    const item = this.#items.pop()
    if (this.#head === this.#items.length) this.clear()
    return item
  }

  /** Takes out every item for which `goes` is true, and returns them in order. */
  remove (goes: (item: T) => boolean): T[] {
    const gone: T[] = []
    const kept: T[] = []
    for (const item of this) (goes(item) ? gone : kept).push(item)
    if (gone.length > 0) this.#replace(kept)
    return gone
  }

  clear (): void {
    // A short array is used again, so that a list that empties often allocates nothing.
    if (this.#items.length > 64) this.#replace([])
    else this.#items.length = this.#head = 0
  }

  * [Symbol.iterator] (): IterableIterator<T> {
    for (let i = this.#head; i < this.#items.length; i++) yield this.#items[i] as T
  }

  #replace (items: (T | undefined)[]): void {
    this.#items = items
    this.#head = 0
  }
}
