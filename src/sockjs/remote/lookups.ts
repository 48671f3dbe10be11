/** The most requests that may wait for the engine. */
const MAX_WAITING = 10_000

/** Counts the requests that wait for the engine, and those of each address (SEC-S17). They look for the node of a session. */
export class Lookups {
  readonly #maxPerAddress: number
  readonly #byAddress = new Map<string, number>()
  #all = 0

  /** @param maxPerAddress the most requests of one address, 0 for any number */
  constructor (maxPerAddress: number) {
    this.#maxPerAddress = maxPerAddress
  }

  /** True if so many requests wait that no further one may. */
  get isFull (): boolean { return this.#all >= MAX_WAITING }

  /** True if so many requests of an address wait that no further one of it may. */
  isFullFor (address: string): boolean { return this.#maxPerAddress > 0 && this.#of(address) >= this.#maxPerAddress }

  /** Counts a request of an address until its lookup has ended. */
  async during<T> (address: string, lookup: Promise<T>): Promise<T> {
    this.#add(address, 1)
    try {
      return await lookup
    } finally {
      this.#add(address, -1)
    }
  }

  #of (address: string): number { return this.#byAddress.get(address) ?? 0 }

  #add (address: string, delta: 1 | -1): void {
    this.#all += delta
    const count = this.#of(address) + delta
    if (count > 0) this.#byAddress.set(address, count)
    else this.#byAddress.delete(address)
  }
}
