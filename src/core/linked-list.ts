/** An entry of a linked list. It holds its own place, so that joining and leaving cost little. */
export interface Linked<T> {
  previous: T | null
  next: T | null
}

/** Entries in the order in which they came. The list is intrusive, so that it allocates nothing. */
export class LinkedList<T extends Linked<T>> {
  #first: T | null = null
  #last: T | null = null

  /** The entry that came first. */
  get first (): T | null { return this.#first }

  /** Adds an entry at the end. It must not be in a list. */
  push (entry: T): void {
    entry.previous = this.#last
    if (this.#last === null) this.#first = entry
    else this.#last.next = entry
    this.#last = entry
  }

  /** Takes an entry out. It must be in this list. */
  remove (entry: T): void {
    const { previous, next } = entry
    if (previous === null) this.#first = next
    else previous.next = next
    if (next === null) this.#last = previous
    else next.previous = previous
    entry.previous = entry.next = null
  }
}
