interface Pending {
  readonly receipts: readonly string[]
  done: boolean
}

/**
 * RECEIPTs in the order of their frames, whatever order the broker confirms in (STOMP-R2). Frames are handed over one
 * after the other and not confirmed one by one.
 */
export class Receipts {
  readonly #send: (receipt: string) => void
  readonly #failed: (error: unknown, receipt: string | undefined) => void
  #pending: Pending[] = []

  constructor (send: (receipt: string) => void, failed: (error: unknown, receipt: string | undefined) => void) {
    this.#send = send
    this.#failed = failed
  }

  /** Sends the receipts of a frame once `work` is done; without a promise, at once where nothing waits before it. */
  after (work: unknown, receipts: readonly string[]): void {
    if (work instanceof Promise) this.#wait(work, receipts)
    else if (this.#pending.length === 0) this.#sendAll(receipts)
    else if (receipts.length > 0) this.#pending.push({ receipts, done: true })
  }

  /** Resolves when everything handed over so far is confirmed. */
  async settled (): Promise<void> {
    while (this.#pending.some((entry) => !entry.done)) await new Promise<void>((resolve) => { this.#waiter = resolve })
  }

  #waiter: (() => void) | null = null

  #wait (work: Promise<unknown>, receipts: readonly string[]): void {
    const entry: Pending = { receipts, done: false }
    this.#pending.push(entry)
    work.then(() => {
      entry.done = true
      while (this.#pending[0]?.done === true) this.#sendAll(this.#pending.shift()!.receipts)
      this.#waiter?.()
    }, (error) => {
      entry.done = true
      this.#failed(error, receipts.at(-1))
      this.#waiter?.()
    })
  }

  #sendAll (receipts: readonly string[]): void {
    for (const receipt of receipts) this.#send(receipt)
  }
}
