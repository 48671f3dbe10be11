import type { QueueSubscription } from './queue-subscription.ts'
import type { Queue } from './queue.ts'

/** A subscription's place at one queue, and a link of that queue's round. */
export class Consumer {
  readonly subscription: QueueSubscription
  readonly queue: Queue
  /** Tells it from the queue's other consumers, without keeping it in memory. */
  readonly number: number
  /** @internal */
  previous: Consumer | null = null
  /** @internal */
  next: Consumer | null = null
  /** Whether it is in the round, or is being served and comes back to it. */
  listed = false

  constructor (subscription: QueueSubscription, queue: Queue, number: number) {
    this.subscription = subscription
    this.queue = queue
    this.number = number
  }
}

/** The consumers of a queue that may have credit, the next one first. An intrusive list: anybody leaves it at no cost. */
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

  /** The next one; it counts as listed until it is pushed or dropped. */
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
