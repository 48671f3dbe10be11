import { StompError } from '../errors.ts'
import type { IncomingMessage, StompLimits } from './host.ts'
import type { Claim } from './subscriptions.ts'

/** What a transaction has collected until its COMMIT. */
export type Step =
  { readonly type: 'send', readonly message: IncomingMessage } |
  { readonly type: 'ack' | 'nack', readonly claim: Claim }

export interface Transaction {
  readonly steps: Step[]
  /** Receipts that wait for COMMIT or ABORT, in the order of their frames (STOMP-T5). */
  readonly receipts: string[]
  bytes: number
}

/** The open transactions of one session: nothing of them is seen outside before COMMIT, and they die with it (STOMP-T3, T4). */
export class Transactions {
  readonly #open = new Map<string, Transaction>()
  readonly #limits: StompLimits

  constructor (limits: StompLimits) {
    this.#limits = limits
  }

  /** STOMP-T1 */
  begin (id: string): void {
    if (this.#open.has(id)) throw new StompError('STOMP_DUPLICATE_TRANSACTION')
    if (this.#open.size >= this.#limits.transactions) throw new StompError('STOMP_TOO_MANY_TRANSACTIONS', `at most ${this.#limits.transactions}`)
    this.#open.set(id, { steps: [], receipts: [], bytes: 0 })
  }

  /** STOMP-T2 */
  get (id: string): Transaction {
    const transaction = this.#open.get(id)
    if (transaction === undefined) throw new StompError('STOMP_UNKNOWN_TRANSACTION')
    return transaction
  }

  /** STOMP-T6 */
  add (transaction: Transaction, step: Step, bytes: number): void {
    const { transactionFrames, transactionBytes } = this.#limits
    if (transaction.steps.length >= transactionFrames) throw new StompError('STOMP_TRANSACTION_TOO_LARGE', `at most ${transactionFrames} frames`)
    if (transaction.bytes + bytes > transactionBytes) throw new StompError('STOMP_TRANSACTION_TOO_LARGE', `at most ${transactionBytes} octets`)
    transaction.steps.push(step)
    transaction.bytes += bytes
  }

  /** Ends a transaction; its id is free again. */
  take (id: string): Transaction {
    const transaction = this.get(id)
    this.#open.delete(id)
    return transaction
  }

  clear (): void { this.#open.clear() }
}
