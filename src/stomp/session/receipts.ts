import { isPromise } from '../../core/promise.ts'
import type { About } from './error-frame.ts'

/** Makes the headers of a RECEIPT beside `receipt-id`, when it is sent. */
export type ReceiptHeaders = () => readonly (readonly [name: string, value: string])[]

interface Pending {
  readonly receipts: readonly string[]
  readonly headers: ReceiptHeaders
  readonly destination: string | undefined
  done: boolean
}

const NO_HEADERS: ReceiptHeaders = () => []

/**
 * Sends RECEIPTs in the order of their frames, also where the broker confirms in another order (STOMP-R2). Frames are handed over
 * one after the other, and do not wait for the confirmations of earlier ones.
 */
export class Receipts {
  readonly #send: (receipt: string, headers: ReturnType<ReceiptHeaders>) => void
  readonly #failed: (error: unknown, about: About) => void
  readonly #pending: Pending[] = []
  #settled: (() => void) | null = null

  constructor (send: (receipt: string, headers: ReturnType<ReceiptHeaders>) => void, failed: (error: unknown, about: About) => void) {
    this.#send = send
    this.#failed = failed
  }

  /** Sends the receipts of a frame once `work` is done. Without a promise they go at once, where no earlier frame waits. */
  after (work: unknown, receipts: readonly string[], headers: ReceiptHeaders = NO_HEADERS, destination?: string): void {
    const entry: Pending = { receipts, headers, destination, done: !isPromise(work) }
    if (isPromise(work)) this.#wait(work, entry)
    else if (this.#pending.length === 0) this.#sendAll(entry)
    else if (receipts.length > 0) this.#pending.push(entry)
  }

  /** Resolves when all frames that were handed over so far are confirmed. */
  async settled (): Promise<void> {
    while (this.#pending.some((entry) => !entry.done)) await new Promise<void>((resolve) => { this.#settled = resolve })
  }

  #wait (work: PromiseLike<unknown>, entry: Pending): void {
    this.#pending.push(entry)
    work.then(() => {
      entry.done = true
      while (this.#pending[0]?.done === true) this.#sendAll(this.#pending.shift()!)
      this.#settled?.()
    }, (error) => {
      entry.done = true
      this.#failed(error, { receipt: entry.receipts.at(-1), destination: entry.destination })
      this.#settled?.()
    })
  }

  #sendAll ({ receipts, headers }: Pending): void {
    for (const receipt of receipts) this.#send(receipt, headers())
  }
}
