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
  /** The round that begins at the end of this turn of the event loop. All callers of the turn share it. */
  #next: Promise<boolean> | null = null
  #last = -Infinity

  /** @internal */
  constructor (node: ClusterNode) {
    this.#node = node
  }

  /** True if all nodes were connected a moment ago. */
  get isFresh (): boolean { return this.#node.clock.now() - this.#last <= FRESH }

  /** Asks for all nodes that are alive. */
  async all (): Promise<boolean> {
    this.#next ??= this.#round()
    return await this.#next
  }

  async #round (): Promise<boolean> {
    await new Promise((resolve) => { setImmediate(resolve) })
    this.#next = null
    const { clock, members, engine: { claims } } = this.#node
    const asked = clock.now()
    // A node that has ended meanwhile owns nothing.
    const reached = await Promise.all(Array.from(members.all, async ({ id }) => await claims.reaches?.(id) !== false || !members.has(id)))
    if (!reached.every(Boolean)) return false
    this.#last = asked
    return true
  }
}
