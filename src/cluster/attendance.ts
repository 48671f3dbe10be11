import type { ClusterNode } from './node.ts'

/** The time for which an answer counts, in milliseconds. No client of a messaging system connects again in less. */
const FRESH = 50

/**
 * Tells whether the messaging system has the connections of all nodes.
 *
 * Some engines free the keys of a node as soon as its connection is lost. Then "no node has the key" is true only if every node was connected
 * before and after that answer. A node that is only busy is connected: the messaging system itself answers.
 */
export class Attendance {
  readonly #node: ClusterNode
  /** The round that has begun in this turn of the event loop, and the one that begins at its end. All callers of the turn share them. */
  #now: Promise<boolean> | null = null
  #next: Promise<boolean> | null = null
  #last = -Infinity

  /** @internal */
  constructor (node: ClusterNode) {
    this.#node = node
  }

  /** Asks for all nodes that are alive, before any later question of this turn. A moment ago counts, too. */
  before (): Promise<boolean> | true {
    if (this.#node.clock.now() - this.#last <= FRESH) return true
    if (this.#now === null) {
      this.#now = this.#round()
      setImmediate(() => { this.#now = null })
    }
    return this.#now
  }

  /** Asks for all nodes that are alive, after all answers of this turn. */
  async after (): Promise<boolean> {
    this.#next ??= new Promise((resolve) => { setImmediate(resolve) }).then(() => {
      this.#next = null
      return this.#round()
    })
    return await this.#next
  }

  async #round (): Promise<boolean> {
    const { clock, members, engine: { claims } } = this.#node
    const asked = clock.now()
    // A round never rejects, because its caller may have failed before and not wait for it. A node that has ended meanwhile owns nothing.
    const reached = await Promise.all(Array.from(members.all, async ({ id }) => await claims.reaches?.(id).catch(() => false) !== false || !members.has(id)))
    if (!reached.every(Boolean)) return false
    this.#last = asked
    return true
  }
}
