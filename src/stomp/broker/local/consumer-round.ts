import { type Linked, LinkedList } from '../../../core/linked-list.ts'

/** An entry of a round. */
export interface ConsumerRoundEntry<T> extends Linked<T> {
  /** True while the entry is in the round, or while it is taken out for one delivery. */
  engaged: boolean
}

/** The consumers of a queue that may have credit, the next one first. */
export class ConsumerRound<T extends ConsumerRoundEntry<T>> {
  readonly #consumers = new LinkedList<T>()

  push (entry: T): void {
    entry.engaged = true
    this.#consumers.push(entry)
  }

  /** Takes the next entry out. It counts as engaged until the caller pushes it or clears `engaged`. */
  shift (): T | null {
    const entry = this.#consumers.first
    if (entry !== null) this.#consumers.remove(entry)
    return entry
  }

  drop (entry: T): void {
    entry.engaged = false
    // An entry that is taken out for a delivery has no place.
    if (entry.previous !== null || this.#consumers.first === entry) this.#consumers.remove(entry)
  }
}
