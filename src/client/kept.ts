/**
 * The messages that a client has sent, as far as the server has not confirmed them.
 *
 * Where they are longer than the limit, the oldest are forgotten. If the server has not got these, the session cannot be resumed.
 */
export class Kept {
  readonly #texts: string[] = []
  readonly #limit: number
  /** The characters of the messages that are kept. */
  size = 0
  #sent = 0
  #confirmed = 0

  constructor (limit: number) {
    this.#limit = limit
  }

  /** The messages that were sent and are not confirmed, forgotten ones included. */
  get unconfirmed (): number { return this.#sent - this.#confirmed }

  /** Keeps a message that is sent now. Returns the characters of all that are kept. */
  add (text: string): number {
    this.#sent++
    this.#texts.push(text)
    this.size += text.length
    while (this.size > this.#limit && this.#texts.length > 1) this.#forget()
    return this.size
  }

  /** Notes that the server has got the first `count` messages. A count that cannot be has no effect. */
  confirm (count: unknown): void {
    if (!Number.isInteger(count) || !(count as number > this.#confirmed && count as number <= this.#sent)) return
    this.#confirmed = count as number
    while (this.#texts.length > this.unconfirmed) this.#forget()
  }

  /** The messages that the server has not got, or `null` if one of them is forgotten. */
  get missing (): readonly string[] | null { return this.#texts.length < this.unconfirmed ? null : this.#texts }

  #forget (): void { this.size -= this.#texts.shift()!.length }
}
