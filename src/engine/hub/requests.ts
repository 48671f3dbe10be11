interface Waiting {
  resolve (owner: string): void
  reject (error: Error): void
}

/** The requests of one node that the hub has not answered, by their numbers. */
export class Requests {
  readonly #waiting = new Map<number, Waiting>()
  #last = 0

  /** Takes the next number, and the promise of its answer. */
  next (): { readonly number: number, readonly answer: Promise<string> } {
    // 0 is for pings that no caller waits for.
    this.#last = this.#last % 0xffffffff + 1
    const number = this.#last
    return { number, answer: new Promise((resolve, reject) => { this.#waiting.set(number, { resolve, reject }) }) }
  }

  answer (number: number, owner: string): void {
    this.#waiting.get(number)?.resolve(owner)
    this.#waiting.delete(number)
  }

  rejectAll (error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
