interface Waiting {
  resolve (answer: unknown): void
  reject (error: Error): void
}

/** The requests of one node that the hub has not answered, by their numbers. */
export class Requests {
  readonly #waiting = new Map<number, Waiting>()
  #last = 0

  /** Takes the next number, and the promise of its answer. */
  next<T> (): { readonly number: number, readonly answer: Promise<T> } {
    // 0 is for pings that no caller waits for.
    this.#last = this.#last % 0xffffffff + 1
    const number = this.#last
    // The operation of the request decides the type of its answer.
    const answer = new Promise<T>((resolve, reject) => { this.#waiting.set(number, { resolve: resolve as (answer: unknown) => void, reject }) })
    return { number, answer }
  }

  answer (number: number, answer: unknown): void {
    this.#waiting.get(number)?.resolve(answer)
    this.#waiting.delete(number)
  }

  fail (number: number, error: Error): void {
    this.#waiting.get(number)?.reject(error)
    this.#waiting.delete(number)
  }

  rejectAll (error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
