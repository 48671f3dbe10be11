/** The ids that are remembered. */
const MOST = 10_000

/** The last ids that publishers gave to their messages, so that one that is published again is known. */
export class RecentIds {
  readonly #ids = new Set<string>()

  /** Notes an id. Returns `false` if it was noted before. */
  add (id: string): boolean {
    if (this.#ids.has(id)) return false
    this.#ids.add(id)
    if (this.#ids.size > MOST) this.#ids.delete(this.#ids.values().next().value!)
    return true
  }
}
