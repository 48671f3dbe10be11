import { matchesChannel } from '../patterns.ts'

const WILDCARD = /[*>]/

/** Finds the subscribers of a channel: by a map for plain names, and by a list for patterns. */
export class Routes<T> {
  readonly #plain = new Map<string, readonly T[]>()
  readonly #patterns = new Map<string, readonly T[]>()

  /** All names and patterns that have a subscriber. */
  get channels (): string[] { return [...this.#plain.keys(), ...this.#patterns.keys()] }

  /** Adds a subscriber. Returns true if it is the first of this name or pattern. */
  add (channel: string, subscriber: T): boolean {
    const table = this.#table(channel)
    const before = table.get(channel) ?? []
    // A new list for each change: a publication that is being delivered keeps its own.
    table.set(channel, [...before, subscriber])
    return before.length === 0
  }

  /** Removes a subscriber. Returns true if it was the last of this name or pattern. */
  delete (channel: string, subscriber: T): boolean {
    const table = this.#table(channel)
    const before = table.get(channel) ?? []
    const rest = before.filter((each) => each !== subscriber)
    if (rest.length > 0) table.set(channel, rest)
    else table.delete(channel)
    return rest.length === 0 && before.length > 0
  }

  /** The subscribers of a channel, each once. */
  find (channel: string): Iterable<T> {
    const plain = this.#plain.get(channel) ?? []
    if (this.#patterns.size === 0) return plain
    const found = new Set(plain)
    for (const [pattern, subscribers] of this.#patterns) {
      if (matchesChannel(pattern, channel)) for (const each of subscribers) found.add(each)
    }
    return found
  }

  #table (channel: string): Map<string, readonly T[]> {
    return WILDCARD.test(channel) ? this.#patterns : this.#plain
  }
}
