import { Fifo } from '../../core/fifo.ts'
import type { Outgoing } from '../protocol/index.ts'
import { OVERHEAD, sizeOf } from './message-size.ts'

/**
 * The messages that went to a connection, until the client has confirmed them.
 *
 * Above a limit the oldest are forgotten. A client that has not got these cannot resume its session.
 */
export class KeptMessages {
  readonly #limit: number
  #messages = new Fifo<Outgoing>()
  /** The number of messages that stood before the ones here. */
  #forgotten = 0
  /** The messages that the client has confirmed. */
  #confirmed = 0
  /** The encoded length of the messages that are here. */
  #bytes = 0

  /** @param limit the most bytes that the messages cost; one message may be longer */
  constructor (limit: number) {
    this.#limit = limit
  }

  /** The messages that went to a connection and that the client has not confirmed. */
  get unconfirmed (): number { return this.#written - this.#confirmed }

  /** The bytes of memory that the messages here cost. */
  get cost (): number { return this.#bytes + this.#messages.length * OVERHEAD }

  get #written (): number { return this.#forgotten + this.#messages.length }

  /** Keeps messages that go to a connection now. */
  add (messages: readonly Outgoing[]): void {
    for (const message of messages) {
      this.#messages.push(message)
      this.#bytes += sizeOf(message)
    }
    while (this.cost > this.#limit && this.#messages.length > 1) this.#forget()
  }

  /** Notes that the client has got its first `count` messages. Returns false for a count that cannot be. */
  confirm (count: number): boolean {
    if (count < this.#confirmed || count > this.#written) return false
    this.#confirmed = count
    while (this.#forgotten < count) this.#forget()
    return true
  }

  /** Tells whether so many messages went to a connection at all. */
  wrote (count: number): boolean { return count <= this.#written }

  /** Tells whether all messages behind the first `count` are here. */
  has (count: number): boolean { return count >= this.#forgotten && count >= this.#confirmed && this.wrote(count) }

  /** Takes out all that is here, because it goes to a new connection. */
  takeBack (): { readonly messages: Fifo<Outgoing>, readonly bytes: number } {
    const missing = { messages: this.#messages, bytes: this.#bytes }
    this.#messages = new Fifo()
    this.#bytes = 0
    return missing
  }

  clear (): void {
    this.#messages.clear()
    this.#bytes = 0
  }

  #forget (): void {
    this.#bytes -= sizeOf(this.#messages.shift()!)
    this.#forgotten++
  }
}
