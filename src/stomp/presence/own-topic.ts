/** A topic with users at this node. */
export class OwnTopic {
  /** The number of subscriptions of each user. */
  readonly #users = new Map<string, number>()
  /** The users whose presence differs from the last change that was published. The value tells whether they were present in it. */
  readonly #unpublished = new Map<string, boolean>()
  /** The number of the last change that was published; 0 if the other nodes know of no users. */
  last = 0

  /** True if nothing is to be remembered. */
  get isEmpty (): boolean { return this.#users.size === 0 && this.#unpublished.size === 0 }

  get isPublished (): boolean { return this.#unpublished.size === 0 }

  get users (): string[] { return [...this.#users.keys()] }

  /** The users after the last change that was published. */
  get publishedUsers (): string[] {
    const users = this.users.filter((user) => this.#unpublished.get(user) !== false)
    for (const [user, wasPresent] of this.#unpublished) if (wasPresent && !this.#users.has(user)) users.push(user)
    return users
  }

  /** Adds a subscription of a user, or removes one. Tells whether the user has come or left. */
  count (user: string, delta: 1 | -1): boolean {
    const before = this.#users.get(user) ?? 0
    const now = before + delta
    if (now > 0) this.#users.set(user, now)
    else this.#users.delete(user)
    return (before > 0) !== (now > 0)
  }

  /** Notes that a user has come or left, for the next change. A user who is back as before makes no change. */
  note (user: string): void {
    if (!this.#unpublished.delete(user)) this.#unpublished.set(user, !this.#users.has(user))
  }

  /** Takes the news for the next change, or a part of them that has room. */
  take (bytes: number): { joined: string[], left: string[] } {
    const joined: string[] = []
    const left: string[] = []
    let size = 0
    for (const [user, wasPresent] of this.#unpublished) {
      if (size > bytes) break
      size += user.length
      this.#unpublished.delete(user)
      ;(wasPresent ? left : joined).push(user)
    }
    return { joined, left }
  }
}
