import type { AckMode } from '../broker.ts'
import type { Credit } from './credit.ts'
import type { Queue } from './queue.ts'
import type { QueuedMessage } from './queued-message.ts'
import type { ConsumerRoundEntry } from './consumer-round.ts'

/** The place of a subscription at one queue. */
export class Consumer implements ConsumerRoundEntry<Consumer> {
  readonly subscription: QueueSubscription
  readonly queue: Queue
  /** The number among the consumers of the queue. A message keeps this number, and not the consumer itself. */
  readonly number: number
  previous: Consumer | null = null
  next: Consumer | null = null
  engaged = false

  constructor (subscription: QueueSubscription, queue: Queue, number: number) {
    this.subscription = subscription
    this.queue = queue
    this.number = number
  }
}

/** The handle of a delivery: its consumer, and the message, which goes back to the queue of that consumer. */
export class Unacked {
  readonly consumer: Consumer
  readonly message: QueuedMessage

  constructor (consumer: Consumer, message: QueuedMessage) {
    this.consumer = consumer
    this.message = message
  }
}

/** The subscriptions of one session that take from queues. They share its credit. */
export class QueueSubscriptions {
  readonly credit: Credit
  readonly #subscriptions = new Set<QueueSubscription>()

  constructor (credit: Credit) {
    this.credit = credit
  }

  open (key: string, ack: AckMode, prefetch: number, byPattern = false): QueueSubscription {
    const subscription = new QueueSubscription(key, this, ack, prefetch, byPattern)
    this.#subscriptions.add(subscription)
    return subscription
  }

  delete (subscription: QueueSubscription): void {
    this.#subscriptions.delete(subscription)
  }

  /** Tells the queues that messages for this session may come. */
  offer (): void {
    for (const subscription of this.#subscriptions) subscription.offer()
  }
}

/** A subscription that takes from a queue, or by a pattern from several. Its credit bounds the unacknowledged messages. */
export class QueueSubscription {
  readonly key: string
  readonly credit: Credit
  readonly byPattern: boolean
  readonly #owner: QueueSubscriptions
  readonly #ack: AckMode
  /** The most unacknowledged messages. */
  readonly #prefetch: number
  readonly #consumers = new Map<Queue, Consumer>()
  readonly #unacked = new Set<Unacked>()
  #live = true

  constructor (key: string, owner: QueueSubscriptions, ack: AckMode, prefetch: number, byPattern: boolean) {
    this.key = key
    this.credit = owner.credit
    this.#owner = owner
    this.#ack = ack
    this.#prefetch = prefetch
    this.byPattern = byPattern
  }

  get live (): boolean { return this.#live && this.credit.open }

  /** True when one more message may come. A message that needs no acknowledgement needs no credit. */
  get ready (): boolean {
    return this.live && this.credit.flowing &&
      (this.#ack === 'auto' || (this.#unacked.size < this.#prefetch && this.credit.hasCredit))
  }

  join (queue: Queue): void {
    this.#consumers.set(queue, queue.attach(this))
  }

  /** Leaves a queue that the broker forgets. */
  leave (queue: Queue): void {
    const consumer = this.#consumers.get(queue)
    if (consumer === undefined) return
    this.#consumers.delete(queue)
    queue.detach(consumer)
  }

  /** Tells every queue that more messages may come. */
  offer (): void {
    for (const consumer of this.#consumers.values()) consumer.queue.offer(consumer)
  }

  /** Delivers a message. The counts are right before the sink is called, because the sink may call back at once. */
  take (consumer: Consumer, message: QueuedMessage): void {
    message.deliveries++
    const redelivered = message.deliveries > 1
    const { publication } = message
    if (this.#ack === 'auto') {
      consumer.queue.settle(message)
      this.credit.deliver({ key: this.key, publication, handle: null, redelivered })
      return
    }
    const handle = new Unacked(consumer, message)
    this.#unacked.add(handle)
    this.credit.unacked++
    this.credit.deliver({ key: this.key, publication, handle, redelivered })
  }

  /** Takes a delivery away from the client. Returns `false` if the client did not have it. */
  release (handle: Unacked): boolean {
    if (!this.#unacked.delete(handle)) return false
    this.credit.unacked--
    return true
  }

  /** Ends the subscription. Its unacknowledged messages go back (STOMP-S6, STOMP-A5). */
  end (): void {
    if (!this.#live) return
    this.#live = false
    this.#owner.delete(this)
    for (const handle of [...this.#unacked]) {
      this.release(handle)
      handle.consumer.queue.giveBack(handle.message)
    }
    for (const consumer of this.#consumers.values()) consumer.queue.detach(consumer)
    this.#consumers.clear()
    if (this.credit.open) this.#owner.offer()
  }
}
