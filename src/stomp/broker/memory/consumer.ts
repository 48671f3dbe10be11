import type { QueueSubscription } from './queue-subscription.ts'
import type { Queue } from './queue.ts'

/** The place of a subscription at one queue. It is a link in the list of that queue. */
export class Consumer {
  readonly subscription: QueueSubscription
  readonly queue: Queue
  /** The number among the consumers of the queue. A message keeps this number, and not the consumer itself. */
  readonly number: number
  /** @internal */
  previous: Consumer | null = null
  /** @internal */
  next: Consumer | null = null
  /** True while the consumer is in the round, or while it is taken out for one delivery. */
  listed = false

  constructor (subscription: QueueSubscription, queue: Queue, number: number) {
    this.subscription = subscription
    this.queue = queue
    this.number = number
  }
}

/** The consumers of a queue that may have credit, the next one first. The list is intrusive, so that it costs little to leave. */
export class Round {
  #first: Consumer | null = null
  #last: Consumer | null = null

  push (consumer: Consumer): void {
    consumer.listed = true
    consumer.previous = this.#last
    if (this.#last === null) this.#first = consumer
    else this.#last.next = consumer
    this.#last = consumer
  }

  /** Takes the next consumer out. It counts as listed until the caller pushes it or clears `listed`. */
  shift (): Consumer | null {
    const consumer = this.#first
    if (consumer !== null) this.#unlink(consumer)
    return consumer
  }

  drop (consumer: Consumer): void {
    consumer.listed = false
    if (consumer.previous !== null || this.#first === consumer) this.#unlink(consumer)
  }

  #unlink (consumer: Consumer): void {
    const { previous, next } = consumer
    if (previous === null) this.#first = next
    else previous.next = next
    if (next === null) this.#last = previous
    else next.previous = previous
    consumer.previous = consumer.next = null
  }
}
