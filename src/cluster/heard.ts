/** The nodes that are remembered. A node that is away keeps its place, because it may publish its messages again. */
const MOST = 1_000

/** The number of the last message of each node, so that one that is published again is known. */
export class Heard {
  /** The node that was silent for the longest time comes first. */
  readonly #last = new Map<string, number>()
  readonly #keeps: (node: string) => boolean

  /** @param keeps tells whether a node is remembered for as long as it runs. A stranger that invents nodes does not displace such a node. */
  constructor (keeps: (node: string) => boolean) {
    this.#keeps = keeps
  }

  /** Notes a message. Returns the number of messages of that node that are missing before it, or `null` if the message was noted before. */
  note (node: string, number: number): number | null {
    const last = this.#last.get(node)
    if (last !== undefined && number <= last) return null
    this.#last.delete(node)
    this.#last.set(node, number)
    if (this.#last.size > MOST) this.#forget()
    return last === undefined ? 0 : number - last - 1
  }

  /** Notes the number of the last message of a node. Returns the number of its messages that are missing, or `null` if none has arrived. */
  noteLast (node: string, number: number): number | null {
    if (!this.#last.has(node)) {
      this.note(node, number)
      return null
    }
    const missing = this.note(node, number)
    return missing === null ? 0 : missing + 1
  }

  #forget (): void {
    for (const node of this.#last.keys()) {
      if (this.#keeps(node)) continue
      this.#last.delete(node)
      return
    }
  }
}
