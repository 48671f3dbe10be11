/** An entry of a round. It holds its own place, so that joining and leaving cost little. */
export interface ConsumerRoundEntry<T> {
  previous: T | null
  next: T | null
  /** True while the entry is in the round, or while it is taken out for one delivery. */
  engaged: boolean
}

/** The consumers of a queue that may have credit, the next one first. The list is intrusive, so that it allocates nothing. */
export class ConsumerRound<T extends ConsumerRoundEntry<T>> {
  #first: T | null = null
  #last: T | null = null

  push (entry: T): void {
    entry.engaged = true
    entry.previous = this.#last
    if (this.#last === null) this.#first = entry
    else this.#last.next = entry
    this.#last = entry
  }

  /** Takes the next entry out. It counts as engaged until the caller pushes it or clears `engaged`. */
  shift (): T | null {
    const entry = this.#first
    if (entry !== null) this.#unlink(entry)
    return entry
  }

  drop (entry: T): void {
    entry.engaged = false
    if (entry.previous !== null || this.#first === entry) this.#unlink(entry)
  }

  #unlink (entry: T): void {
    const { previous, next } = entry
    if (previous === null) this.#first = next
    else previous.next = next
    if (next === null) this.#last = previous
    else next.previous = previous
    entry.previous = entry.next = null
  }
}
