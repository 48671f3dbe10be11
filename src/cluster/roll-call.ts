import { Reader, Writer } from './bytes.ts'
import type { ClusterNode } from './node.ts'
import { QUESTIONS } from './services.ts'

/** The time for which a node is asked, in milliseconds. A node that is silent for longer is dead by then. */
const PATIENCE = 8_000

const NOTHING = new Uint8Array(0)

/** The times since when the other nodes have been connected; `null` if one of them has not answered. */
type Answers = readonly number[] | null

/**
 * Asks all other nodes whether they have been connected.
 *
 * A session without its client ends only if every node was connected for the whole disconnect delay. The next request of the client may wait at a node
 * that was away.
 */
export class RollCall {
  readonly #node: ClusterNode
  /** The round that begins at the end of this turn of the event loop. All callers of the turn share it. */
  #next: Promise<Answers> | null = null

  /** @internal */
  constructor (node: ClusterNode) {
    this.#node = node
    node.calls.serve(QUESTIONS.connected, () => new Writer().u48(node.connectedFor).done())
  }

  /** Tells whether every node that is alive has been connected since `time`, a time of the clock of this node. */
  async allSince (time: number): Promise<boolean> {
    this.#next ??= this.#round()
    const answers = await this.#next
    return answers !== null && answers.every((since) => since < time)
  }

  async #round (): Promise<Answers> {
    await new Promise((resolve) => { setImmediate(resolve) })
    this.#next = null
    const { calls, clock, members } = this.#node
    const answers = await Promise.all(Array.from(members.all, async ({ id }) => {
      const body = await calls.ask(id, QUESTIONS.connected, NOTHING, PATIENCE)
      if (body !== null && body.byteLength === 6) return clock.now() - new Reader(body).u48()
      // A node that has ended meanwhile owns nothing.
      return members.has(id) ? null : 0
    }))
    return answers.includes(null) ? null : answers as number[]
  }
}
