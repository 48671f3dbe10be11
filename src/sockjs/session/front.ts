import { Fifo } from '../../core/fifo.ts'
import type { Outgoing } from '../protocol/index.ts'
import { sizeOf } from './message-size.ts'

/** Messages that leave together, with their encoded length. */
export interface Part {
  readonly messages: Outgoing[]
  readonly bytes: number
}

/**
 * The front of an outbox that leaves in parts: messages that were put back, and behind them fresh ones.
 *
 * Messages are moved in and out and the rest is never copied, because a client can make a resumption with many small messages at any time.
 */
export class Front {
  #messages = new Fifo<Outgoing>()
  /** The number of messages at the beginning that were put back and have not left again. */
  #returned = 0
  /** The encoded length of these. */
  returnedBytes = 0
  /** The encoded length of all fresh messages that have left since messages were put back. Without such messages, all count as fresh. */
  passedBytes = Infinity

  get length (): number { return this.#messages.length }

  /** Adds fresh messages. */
  add (messages: readonly Outgoing[]): void {
    for (const message of messages) this.#messages.push(message)
  }

  /** Puts messages in front of the others. `bytes` is the length of all messages. From now on these all are messages that were put back. */
  putBack (messages: Fifo<Outgoing>, bytes: number): void {
    for (const message of this.#messages) messages.push(message)
    this.#messages = messages
    this.#returned = messages.length
    this.returnedBytes = bytes
    this.passedBytes = 0
  }

  /** Removes messages, up to a number of bytes, but at least one. */
  take (limit: number): Part {
    const messages: Outgoing[] = []
    let bytes = 0
    while (this.length > 0) {
      const size = sizeOf(this.#messages.first!)
      if (messages.length > 0 && bytes + size > limit) break
      messages.push(this.#messages.shift()!)
      bytes += size
      this.#passed(size)
    }
    return { messages, bytes }
  }

  #passed (size: number): void {
    if (this.#returned === 0) {
      this.passedBytes += size
    } else {
      this.#returned--
      this.returnedBytes -= size
    }
  }
}
