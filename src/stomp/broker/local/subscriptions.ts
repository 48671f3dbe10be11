import { refusal } from '../../refusals.ts'
import type { BrokerSink } from '../broker.ts'

/** The subscriptions of one connection, of every kind, by key. */
export class Subscriptions {
  readonly #sink: BrokerSink
  /** The function that ends each subscription. */
  readonly #ends = new Map<string, () => void>()

  constructor (sink: BrokerSink) {
    this.#sink = sink
  }

  has (key: string): boolean { return this.#ends.has(key) }

  add (key: string, end: () => void): void {
    this.#ends.set(key, end)
  }

  end (key: string): void {
    const end = this.#ends.get(key)
    this.#ends.delete(key)
    end?.()
  }

  endAll (): void {
    for (const key of [...this.#ends.keys()]) this.end(key)
  }

  /** Ends a subscription that has lost a message, and tells the session why. */
  fellBehind (key: string): void {
    this.end(key)
    this.#sink.subscriptionEnded(key, refusal('STOMP_FELL_BEHIND'))
  }
}
