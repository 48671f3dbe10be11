import { type Linked, LinkedList } from '../../core/linked-list.ts'

/** An entry of a round. */
export interface RoundEntry<T> extends Linked<T> {
  /** True while the entry is in the round. */
  listed: boolean
}

/** Entries that take turns, the next one first. */
export class Round<T extends RoundEntry<T>> {
  readonly #entries = new LinkedList<T>()

  /** Adds an entry at the end. It does nothing if the entry is in the round. */
  push (entry: T): void {
    if (entry.listed) return
    entry.listed = true
    this.#entries.push(entry)
  }

  /** Takes the next entry out. */
  shift (): T | null {
    const entry = this.#entries.first
    if (entry !== null) this.drop(entry)
    return entry
  }

  drop (entry: T): void {
    if (!entry.listed) return
    entry.listed = false
    this.#entries.remove(entry)
  }
}
