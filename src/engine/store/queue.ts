import { Backlog, type Ordered } from '../../core/backlog.ts'
import type { QueueConsumer } from './queue-consumer.ts'
import type { QueueTable } from './queue-table.ts'
import { Round } from './round.ts'

/** One message of a queue. */
export interface QueueMessage extends Ordered {
  readonly data: Uint8Array
  /** The number of times that it was taken. */
  deliveries: number
  /** The consumer that gave it back, while it waits. */
  refusedBy: QueueConsumer | null
}

/** One queue. Its consumers get the messages in turn, and a message that comes back stands at its old place. */
export class Queue {
  readonly name: string
  /** The messages that wait or that are taken. */
  messages = 0
  /** The bytes of them. */
  bytes = 0
  readonly #table: QueueTable
  readonly #consumers = new Set<QueueConsumer>()
  readonly #backlog = new Backlog<QueueMessage>()
  readonly #round = new Round<QueueConsumer>()
  #order = 0
  #delivering = false

  constructor (name: string, table: QueueTable) {
    this.name = name
    this.#table = table
  }

  /** True if it holds nothing that must be remembered. */
  get isIdle (): boolean { return this.messages === 0 && this.#consumers.size === 0 }

  push (data: Uint8Array): void {
    this.messages++
    this.bytes += data.byteLength
    this.#backlog.push({ data, order: this.#order++, deliveries: 0, refusedBy: null })
    this.#deliver()
  }

  /** Returns the first messages that wait, at most so many and so many bytes, or one. */
  first (most: number, maxBytes: number): Uint8Array[] {
    const found: Uint8Array[] = []
    let left = maxBytes
    for (const { data } of most > 0 ? this.#backlog : []) {
      left -= data.byteLength
      if (found.length > 0 && left < 0) break
      if (found.push(data) === most) break
    }
    return found
  }

  attach (consumer: QueueConsumer): void { this.#consumers.add(consumer) }

  /** Removes a consumer. Its messages go back in their order. */
  detach (consumer: QueueConsumer): void {
    this.#consumers.delete(consumer)
    this.#round.drop(consumer)
    for (const message of consumer.taken.values()) this.#backlog.giveBack(message)
    consumer.taken.clear()
    this.#deliver()
    this.#table.idle(this)
  }

  /** Tells that a consumer may take messages. */
  offer (consumer: QueueConsumer): void {
    if (!consumer.isReady) return
    this.#round.push(consumer)
    this.#deliver()
  }

  /** Removes a message for ever. */
  settle (message: QueueMessage): void {
    this.messages--
    this.bytes -= message.data.byteLength
    this.#table.settled(message)
    this.#table.idle(this)
  }

  /** Takes a message back from a consumer that does not want it. */
  giveBack (message: QueueMessage, refusedBy: QueueConsumer): void {
    message.refusedBy = refusedBy
    this.#backlog.giveBack(message)
    this.#deliver()
  }

  /** Gives messages to consumers. A consumer that acts while it takes a message does not begin a second delivery. */
  #deliver (): void {
    if (this.#delivering) return
    this.#delivering = true
    try {
      while (this.#deliverFirst());
    } finally {
      this.#delivering = false
    }
  }

  /** Gives the first message to a consumer. Returns false if there is no message, or no consumer. */
  #deliverFirst (): boolean {
    const message = this.#backlog.first
    if (message === undefined) return false
    const consumer = this.#next(message.refusedBy)
    if (consumer === null) return false
    this.#backlog.shift()
    message.deliveries++
    message.refusedBy = null
    consumer.take(message)
    if (consumer.isReady) this.#round.push(consumer)
    return true
  }

  /** Finds the next consumer that can take a message. The one that gave the message back comes last. */
  #next (refusedBy: QueueConsumer | null): QueueConsumer | null {
    let spare: QueueConsumer | null = null
    for (let consumer = this.#round.shift(); consumer !== null; consumer = this.#round.shift()) {
      if (!consumer.isReady) continue
      if (consumer !== refusedBy) {
        if (spare !== null) this.#round.push(spare)
        return consumer
      }
      spare = consumer
    }
    return spare
  }
}
