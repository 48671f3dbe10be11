import { Backlog } from '../../../core/backlog.ts'
import { type BrokerError, refusal } from '../../refusals.ts'
import type { Publication } from '../publication.ts'
import type { DeathReason } from './dead-letter.ts'
import { Consumer, type QueueSubscription } from './queue-subscription.ts'
import { QueuedMessage } from './queued-message.ts'
import type { Queues } from './queues.ts'
import { ConsumerRound } from './consumer-round.ts'

/**
 * The kind of a queue.
 *
 * - `named`: its messages that no consumer could handle go to the dead letters;
 * - `dead`: the queue of the dead letters;
 * - `temporary`: a private queue of a connection;
 * - `topic`: a private queue between a topic and a subscription with acknowledgements.
 */
export type QueueKind = 'named' | 'dead' | 'temporary' | 'topic'

/** The limits of a queue, which its kind decides. */
export interface QueueLimits {
  readonly maxMessages: number
  readonly maxBytes: number
  /** The most deliveries of a message, 0 for any number. */
  readonly maxDeliveries: number
  /** True for a queue that takes a message of any size while it is empty, because it cannot refuse. */
  readonly lenient: boolean
}

/**
 * One queue. Its consumers get the messages in turn, and a message without an acknowledgement comes back to its place.
 *
 * An unacknowledged message counts as one in the queue, so that there is room for it when it comes back.
 */
export class Queue {
  readonly name: string
  readonly kind: QueueKind
  /** All consumers. A consumer that subscribed by a pattern does not keep the queue. */
  readonly consumers = new Set<Consumer>()
  readonly #queues: Queues
  readonly #limits: QueueLimits
  readonly #backlog = new Backlog<QueuedMessage>()
  readonly #round = new ConsumerRound<Consumer>()
  #messages = 0
  #bytes = 0
  #order = 0
  #consumerNumber = 0
  #named = 0
  #scheduled = false
  #nextExpiry = Infinity

  constructor (name: string, kind: QueueKind, limits: QueueLimits, queues: Queues) {
    this.name = name
    this.kind = kind
    this.#limits = limits
    this.#queues = queues
  }

  /** The messages that wait or are not acknowledged. */
  get messages (): number { return this.#messages }
  /** The bytes of these messages. */
  get bytes (): number { return this.#bytes }
  /** The messages that wait, in order. */
  get waiting (): Iterable<QueuedMessage> { return this.#backlog }

  /** A time before which no waiting message expires, `Infinity` when none ever does. */
  get nextExpiry (): number { return this.#nextExpiry }

  /** Reserves room for a message that is about to come. Returns a refusal that names the full limit if there is none (SEC-S28). */
  reserve (publication: Publication, size: number): BrokerError | null {
    const { budget } = this.#queues
    const { maxMessages, maxBytes, lenient } = this.#limits
    if (this.#messages > 0 || !lenient) {
      if (this.#messages >= maxMessages) return refusal('STOMP_QUEUE_FULL', `at most ${maxMessages} messages`)
      if (this.#bytes + size > maxBytes) return refusal('STOMP_QUEUE_FULL', `at most ${maxBytes} octets`)
      if (!budget.hasRoomFor(publication, size)) return refusal('STOMP_BROKER_FULL', `at most ${budget.max} octets in all`)
    }
    this.#messages++
    this.#bytes += size
    budget.hold(publication, size)
    return null
  }

  /** Frees the room of a message that does not come. */
  cancel (publication: Publication, size: number): void {
    this.#free(publication, size)
    this.schedule()
  }

  /** Takes a message that has its room, and delivers. Only the serial queue calls it. */
  push (publication: Publication, size: number, expires: number): void {
    const message = new QueuedMessage(publication, size, expires, this.#order++)
    this.#backlog.push(message)
    this.#watch(message)
    this.#pump()
  }

  /** Frees the room of a message that does not come back. */
  settle (message: QueuedMessage): void {
    this.#free(message.publication, message.size)
  }

  /** Takes an unacknowledged message back to its old place, or gives it up after too many deliveries. */
  giveBack (message: QueuedMessage, refusedBy = 0): void {
    const { maxDeliveries } = this.#limits
    if (maxDeliveries > 0 && message.deliveries >= maxDeliveries) {
      this.#giveUp(message, 'delivery-limit')
    } else {
      message.refusedBy = refusedBy
      this.#backlog.giveBack(message)
      this.#watch(message)
    }
    this.schedule()
  }

  attach (subscription: QueueSubscription): Consumer {
    const consumer = new Consumer(subscription, this, ++this.#consumerNumber)
    this.consumers.add(consumer)
    if (!subscription.byPattern) this.#named++
    this.offer(consumer)
    return consumer
  }

  detach (consumer: Consumer): void {
    if (!this.consumers.delete(consumer)) return
    if (!consumer.subscription.byPattern) this.#named--
    this.#round.drop(consumer)
    this.schedule()
  }

  /** Tells that the consumer may have credit again. */
  offer (consumer: Consumer): void {
    if (!consumer.engaged && consumer.subscription.ready) this.#round.push(consumer)
    this.schedule()
  }

  /** Takes a waiting message out of the queue. Returns `false` if it does not wait here. */
  takeOut (id: string): boolean {
    const [taken] = this.#backlog.remove(({ publication }) => publication.id === id)
    if (taken === undefined) return false
    this.settle(taken)
    this.schedule()
    return true
  }

  /** Drops the oldest waiting message. Returns `false` if none waits. */
  dropOldest (): boolean {
    const oldest = this.#backlog.shift()
    if (oldest !== undefined) this.settle(oldest)
    return oldest !== undefined
  }

  /** Gives up the messages that have expired. */
  sweep (): void {
    const now = this.#queues.clock.now()
    if (now <= this.#nextExpiry) return
    for (const message of this.#backlog.remove((message) => message.expires < now)) this.#giveUp(message, 'expired')
    this.#nextExpiry = Infinity
    for (const message of this.#backlog) this.#nextExpiry = Math.min(this.#nextExpiry, message.expires)
    this.schedule()
  }

  /** Drops the messages that wait. The subscriptions settle the unacknowledged ones. */
  clear (): void {
    for (const message of this.#backlog) this.settle(message)
    this.#backlog.clear()
    this.#nextExpiry = Infinity
  }

  /** Puts the next deliveries into the serial queue, after its other tasks. The caller runs the serial queue. */
  schedule (): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#queues.serialQueue.defer(this.#scheduledPump)
  }

  readonly #scheduledPump = (): void => {
    this.#scheduled = false
    this.#pump()
  }

  #pump (): void {
    const backlog = this.#backlog
    for (let message = backlog.first; message !== undefined; message = backlog.first) {
      if (message.expires !== Infinity && message.expires < this.#queues.clock.now()) {
        backlog.shift()
        this.#giveUp(message, 'expired')
        continue
      }
      const consumer = this.#next(message.refusedBy)
      if (consumer === null) return
      backlog.shift()
      consumer.subscription.take(consumer, message)
      if (consumer.subscription.ready) this.#round.push(consumer)
      else consumer.engaged = false
    }
    if (this.#messages === 0 && this.#named === 0) this.#queues.forget(this)
  }

  /** Finds the next consumer with credit. The one that gave the message back comes last (STOMP-A3). */
  #next (refusedBy: number): Consumer | null {
    let spare: Consumer | null = null
    for (let consumer = this.#round.shift(); consumer !== null; consumer = this.#round.shift()) {
      if (!consumer.subscription.ready) {
        consumer.engaged = false
      } else if (consumer.number === refusedBy) {
        spare = consumer
      } else {
        if (spare !== null) this.#round.push(spare)
        return consumer
      }
    }
    return spare
  }

  #giveUp (message: QueuedMessage, reason: DeathReason): void {
    this.settle(message)
    this.#queues.died(this, message, reason)
  }

  #watch ({ expires }: QueuedMessage): void {
    if (expires === Infinity) return
    this.#nextExpiry = Math.min(this.#nextExpiry, expires)
    this.#queues.watch(this)
  }

  #free (publication: Publication, size: number): void {
    this.#messages--
    this.#bytes -= size
    this.#queues.budget.release(publication, size)
  }
}
