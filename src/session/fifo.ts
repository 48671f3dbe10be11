/** A first-in first-out list whose `shift` stays cheap however long it is. */
export class Fifo<T> {
  #items: (T | undefined)[] = []
  #head = 0

  get length (): number {
    return this.#items.length - this.#head
  }

  push (item: T): void {
    this.#items.push(item)
  }

  shift (): T | undefined {
    if (this.#head === this.#items.length) return undefined
    const item = this.#items[this.#head]
    // What was taken must not be kept: a message may be large.
    this.#items[this.#head] = undefined
    this.#head++
    if (this.#head === this.#items.length) {
      this.#items.length = this.#head = 0
    } else if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      // Half of the array is empty: worth moving the rest once.
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
}
