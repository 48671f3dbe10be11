/** The users who have come to a topic and who have left it, on all nodes together. */
export interface Difference {
  readonly joined: readonly string[]
  readonly left: readonly string[]
}

/** The users of a topic, by node. A user is present while one node has it. */
export class Picture {
  readonly #nodes = new Map<string, Set<string>>()
  /** The number of nodes that have the user. */
  readonly #counts = new Map<string, number>()

  get size (): number { return this.#counts.size }

  get users (): Iterable<string> { return this.#counts.keys() }

  /** Replaces the users of a node. A user that stays is neither new nor gone. */
  replace (node: string, users: readonly string[]): Difference {
    const now = new Set(users)
    const before = this.#nodes.get(node) ?? new Set()
    return this.change(node, [...now].filter((user) => !before.has(user)), [...before].filter((user) => !now.has(user)))
  }

  /** Adds and removes users of a node. A user that is added twice, or that was not there, changes nothing. */
  change (node: string, added: readonly string[], removed: readonly string[]): Difference {
    const users = this.#nodes.get(node) ?? new Set()
    const joined = added.filter((user) => this.#add(users, user))
    const left = removed.filter((user) => this.#remove(users, user))
    if (users.size === 0) this.#nodes.delete(node)
    else this.#nodes.set(node, users)
    return { joined, left }
  }

  #add (users: Set<string>, user: string): boolean {
    if (users.has(user)) return false
    users.add(user)
    const count = (this.#counts.get(user) ?? 0) + 1
    this.#counts.set(user, count)
    return count === 1
  }

  #remove (users: Set<string>, user: string): boolean {
    if (!users.delete(user)) return false
    const count = this.#counts.get(user)! - 1
    if (count > 0) this.#counts.set(user, count)
    else this.#counts.delete(user)
    return count === 0
  }
}
