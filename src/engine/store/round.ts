/** An entry of a round. It holds its own place, so that joining and leaving cost little. */
export interface RoundEntry<T> {
  previous: T | null
  next: T | null
  /** True while the entry is in the round. */
  listed: boolean
}

/** Entries that take turns, the next one first. The list is intrusive, so that it allocates nothing. */
export class Round<T extends RoundEntry<T>> {
  #first: T | null = null
  #last: T | null = null

  /** Adds an entry at the end. It does nothing if the entry is in the round. */
  push (entry: T): void {
    if (entry.listed) return
    entry.listed = true
    entry.previous = this.#last
    if (this.#last === null) this.#first = entry
    else this.#last.next = entry
    this.#last = entry
  }

  /** Takes the next entry out. */
  shift (): T | null {
    const entry = this.#first
    if (entry !== null) this.drop(entry)
    return entry
  }

  drop (entry: T): void {
    if (!entry.listed) return
    const { previous, next } = entry
    if (previous === null) this.#first = next
    else previous.next = next
    if (next === null) this.#last = previous
    else next.previous = previous
    entry.previous = entry.next = null
    entry.listed = false
  }
}
