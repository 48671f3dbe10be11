import type { OutgoingMessage } from '../broker/broker.ts'
import { StompError } from '../errors.ts'
import type { StompLimits } from './settings.ts'
import type { Claim } from './subscriptions.ts'

/** A message of a client. */
export interface ClientMessage extends OutgoingMessage {
  /** The receipt that the ERROR must name if the message fails (STOMP-X1). */
  readonly receipt: string | undefined
}

/** Handles a message for the application or for a user. A message that it cannot handle ends the session with an ERROR. */
export type MessageHandler = (message: ClientMessage) => void | Promise<void>

/** One step of a transaction. A SEND for the broker has no handler. */
export type Step =
  { readonly type: 'send', readonly message: ClientMessage, readonly handler: MessageHandler | null } |
  { readonly type: 'ack' | 'nack', readonly claim: Claim }

export interface Transaction {
  readonly steps: Step[]
  /** The receipts that wait for COMMIT or ABORT, in the order of their frames (STOMP-T5). */
  readonly receipts: string[]
  bytes: number
}

/** The open transactions of one session. No other client sees anything of them before COMMIT, and they end with the session (STOMP-T3, T4). */
export class Transactions {
  readonly #open = new Map<string, Transaction>()
  readonly #limits: StompLimits

  constructor (limits: StompLimits) {
    this.#limits = limits
  }

  /** Opens a transaction. An id can be used again when its transaction has ended (STOMP-T1). */
  begin (id: string): void {
    if (this.#open.has(id)) throw new StompError('STOMP_DUPLICATE_TRANSACTION')
    if (this.#open.size >= this.#limits.transactions) throw new StompError('STOMP_TOO_MANY_TRANSACTIONS', `at most ${this.#limits.transactions}`)
    this.#open.set(id, { steps: [], receipts: [], bytes: 0 })
  }

  /** Finds an open transaction (STOMP-T2). */
  get (id: string): Transaction {
    const transaction = this.#open.get(id)
    if (transaction === undefined) throw new StompError('STOMP_UNKNOWN_TRANSACTION')
    return transaction
  }

  /** Adds a step, within the limits (STOMP-T6). */
  add (transaction: Transaction, step: Step, bytes: number): void {
    const { transactionFrames, transactionBytes } = this.#limits
    if (transaction.steps.length >= transactionFrames) throw new StompError('STOMP_TRANSACTION_TOO_LARGE', `at most ${transactionFrames} frames`)
    if (transaction.bytes + bytes > transactionBytes) throw new StompError('STOMP_TRANSACTION_TOO_LARGE', `at most ${transactionBytes} octets`)
    transaction.steps.push(step)
    transaction.bytes += bytes
  }

  /** Ends a transaction, and frees its id. */
  take (id: string): Transaction {
    const transaction = this.get(id)
    this.#open.delete(id)
    return transaction
  }

  clear (): void { this.#open.clear() }
}
