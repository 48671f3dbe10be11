import { forgetOldest } from '../core/forget-oldest.ts'

/** The most nodes that are remembered beside the members. */
const MOST = 1_000

/** A node that was a member, or that has said goodbye before it was one. */
interface Left {
  /** The number of its last beat. */
  readonly count: number
  /** The number of the last beat of this node at that time. A greeting that answers an earlier one proves nothing. */
  readonly own: number
}

/** Remembers nodes that are not members, so that recorded messages of them are known as such. */
export class Others {
  readonly #left = new Map<string, Left>()
  /** The number of the last beat of each node that was asked for a greeting. */
  readonly #asked = new Map<string, number>()
  /** The nodes of which a publication was dropped. */
  readonly #early = new Set<string>()

  hasLeft (id: string): boolean { return this.#left.has(id) }

  /** The number of the last beat of a node that has left. */
  countOf (id: string): number | undefined { return this.#left.get(id)?.count }

  leaves (id: string, count: number, own: number): void {
    this.#left.set(id, { count, own })
    forgetOldest(this.#left, MOST)
  }

  /** Tells whether a beat is the first with its number, so that its node should be asked for a greeting. A beat that is repeated gets no second question. */
  asks (id: string, count: number): boolean {
    if (count <= (this.#asked.get(id) ?? 0)) return false
    this.#asked.set(id, count)
    forgetOldest(this.#asked, MOST)
    return true
  }

  /** Tells whether a greeting that answers a beat of this node was written after its sender had left. */
  isBack (id: string, heard: number): boolean {
    const left = this.#left.get(id)
    return left === undefined || heard > left.own
  }

  /** Notes that a publication of a node was dropped, because it is no member. */
  missed (id: string): void {
    this.#early.add(id)
    forgetOldest(this.#early, MOST)
  }

  /** Forgets a node that is a member now. Tells whether a publication of it was dropped. */
  joins (id: string): boolean {
    this.#left.delete(id)
    this.#asked.delete(id)
    return this.#early.delete(id)
  }
}
