/** A member of a round. It holds its own place, so that joining and leaving cost little. */
export interface RoundMember<T> {
  previous: T | null
  next: T | null
  /** True while the member is in the round, or while it is taken out for one delivery. */
  listed: boolean
}

/** The consumers of a queue that may have credit, the next one first. The list is intrusive, so that it allocates nothing. */
export class Round<T extends RoundMember<T>> {
  #first: T | null = null
  #last: T | null = null

  push (member: T): void {
    member.listed = true
    member.previous = this.#last
    if (this.#last === null) this.#first = member
    else this.#last.next = member
    this.#last = member
  }

  /** Takes the next member out. It counts as listed until the caller pushes it or clears `listed`. */
  shift (): T | null {
    const member = this.#first
    if (member !== null) this.#unlink(member)
    return member
  }

  drop (member: T): void {
    member.listed = false
    if (member.previous !== null || this.#first === member) this.#unlink(member)
  }

  #unlink (member: T): void {
    const { previous, next } = member
    if (previous === null) this.#first = next
    else previous.next = next
    if (next === null) this.#last = previous
    else next.previous = previous
    member.previous = member.next = null
  }
}
