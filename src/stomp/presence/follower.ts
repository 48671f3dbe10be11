import type { Difference, Picture } from './picture.ts'
import type { Change, Roll } from './records.ts'

/** The most changes that are kept while a node is asked. */
const MOST_KEPT = 1_000

/**
 * Follows the changes of one other node in one topic.
 *
 * The answer of the node has all users and the number of its last change. Changes that arrive before the answer are kept, because the answer
 * comes on another way and may be older.
 */
export class Follower {
  readonly #picture: Picture
  readonly #node: string
  /** The number of the last change that the picture has. */
  #last = 0
  /** The changes that wait for the answer of the node, `null` while there is no question. */
  #kept: Change[] | null = []
  #overflowed = false

  constructor (picture: Picture, node: string) {
    this.#picture = picture
    this.#node = node
  }

  /** True if the node must be asked. */
  get isUnsure (): boolean { return this.#kept !== null }

  /** Keeps all changes from now on, until the node has answered. */
  ask (): void { this.#kept ??= [] }

  /** Takes a change of the node. Returns the difference that it makes, if there is one. */
  received (change: Change): Difference | null {
    if (this.#kept === null) return this.#apply(change)
    if (this.#kept.length < MOST_KEPT) this.#kept.push(change)
    else this.#overflowed = true
    return null
  }

  /** Takes the answer of the node. Returns the differences that it makes, in order. */
  answered ({ number, users }: Roll): Difference[] {
    const kept = this.#kept ?? []
    const { joined, left } = this.#picture.replace(this.#node, users)
    const differences: (Difference | null)[] = [{ joined, left }]
    this.#last = number
    this.#kept = null
    for (const change of kept) differences.push(this.received(change))
    if (this.#overflowed) this.ask()
    this.#overflowed = false
    return differences.filter((difference) => difference !== null)
  }

  #apply (change: Change): Difference | null {
    const { number, previous, joined, left } = change
    // The engine may deliver a change twice, and the answer of the node may have it already.
    if (number <= this.#last) return null
    // A change before this one is missing.
    if (previous !== 0 && previous !== this.#last) {
      this.#kept = [change]
      return null
    }
    this.#last = number
    // Without an earlier change the node had no users. The users in the picture have left, and the changes that said so are lost.
    return previous === 0 ? this.#picture.replace(this.#node, joined) : this.#picture.change(this.#node, joined, left)
  }
}
