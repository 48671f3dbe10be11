import type { BrokerError } from '../broker.ts'
import type { Publication } from '../publication.ts'
import { Backlog } from './backlog.ts'
import type { Budget } from './budget.ts'
import { Consumer, Round } from './consumer.ts'
import type { QueueSubscription } from './queue-subscription.ts'
import { QueuedMessage } from './queued-message.ts'
import { refusal } from '../refusals.ts'
import type { Turn } from './turn.ts'

/** Why a message was given up. */
export type DeathReason = 'delivery-limit' | 'expired'

/** What a queue needs of those who keep it; the kinds of queues differ in this alone. */
export interface QueueHome {
  readonly turn: Turn
  readonly budget: Budget
  readonly maxMessages: number
  readonly maxBytes: number
  /** 0 for any number. */
  readonly maxDeliveries: number
  /** Whether a queue that holds nothing takes a message whatever its size: for queues that cannot refuse. */
  readonly lenient: boolean
  now (): number
  /** There are messages in it that expire: it wants to be swept. */
  expiring (queue: Queue): void
  /** A message was given up; the queue has forgotten it. */
  died (queue: Queue, message: QueuedMessage, reason: DeathReason): void
  /** It has no messages, and no consumer that asked for it by name. */
  idle (queue: Queue): void
}

/**
 * One queue: every message goes to one of its consumers, in turn, and comes back to its place if that one does not
 * acknowledge it. What is unacknowledged counts as in the queue, so that whatever comes back finds room.
 */
export class Queue {
  readonly name: string
  /** All of them; those that came by a pattern do not keep the queue alive. */
  readonly consumers = new Set<Consumer>()
  readonly #home: QueueHome
  readonly #backlog = new Backlog()
  readonly #round = new Round()
  #messages = 0
  #bytes = 0
  #order = 0
  #consumerNumber = 0
  #named = 0
  #scheduled = false
  #nextExpiry = Infinity

  constructor (name: string, home: QueueHome) {
    this.name = name
    this.#home = home
  }

  /** No waiting message expires before that; `Infinity` when none ever does. */
  get nextExpiry (): number { return this.#nextExpiry }

  /** Keeps room for a message that is about to come; says what is full if there is none (SEC-S28). */
  reserve (publication: Publication, size: number): BrokerError | null {
    const { budget, maxMessages, maxBytes, lenient } = this.#home
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

  /** The announced message does not come. */
  cancel (publication: Publication, size: number): void {
    this.#free(publication, size)
    this.schedule()
  }

  /** Takes a message for which there is room, and passes on what it can. Only called in a turn. */
  push (publication: Publication, size: number, expires: number): void {
    const message = new QueuedMessage(publication, size, expires, this.#order++)
    this.#backlog.push(message)
    this.#watch(message)
    this.#pump()
  }

  /** The message is done with. */
  settle (message: QueuedMessage): void {
    this.#free(message.publication, message.size)
  }

  /** The message was not acknowledged: it waits at its old place, unless it was tried too often. */
  giveBack (message: QueuedMessage, refusedBy = 0): void {
    const { maxDeliveries } = this.#home
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

  /** The consumer may have credit again. */
  offer (consumer: Consumer): void {
    if (!consumer.listed && consumer.subscription.ready) this.#round.push(consumer)
    this.schedule()
  }

  /** Drops the oldest waiting message; false when none waits. */
  dropOldest (): boolean {
    const oldest = this.#backlog.shift()
    if (oldest !== undefined) this.settle(oldest)
    return oldest !== undefined
  }

  /** Gives up what has expired. */
  sweep (): void {
    const now = this.#home.now()
    if (now <= this.#nextExpiry) return
    for (const message of this.#backlog.remove((message) => message.expires < now)) this.#giveUp(message, 'expired')
    this.#nextExpiry = Infinity
    for (const message of this.#backlog) this.#nextExpiry = Math.min(this.#nextExpiry, message.expires)
    this.schedule()
  }

  /** Forgets everything that waits; what is unacknowledged is settled by whoever has it. */
  clear (): void {
    for (const message of this.#backlog) this.settle(message)
    this.#backlog.clear()
    this.#nextExpiry = Infinity
  }

  /** Looks after waiting messages and consumers, behind all that goes on; the caller runs the turn. */
  schedule (): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#home.turn.defer(this.#scheduledPump)
  }

  readonly #scheduledPump = (): void => {
    this.#scheduled = false
    this.#pump()
  }

  #pump (): void {
    const backlog = this.#backlog
    for (let message = backlog.first; message !== undefined; message = backlog.first) {
      if (message.expires !== Infinity && message.expires < this.#home.now()) {
        backlog.shift()
        this.#giveUp(message, 'expired')
        continue
      }
      const consumer = this.#next(message.refusedBy)
      if (consumer === null) return
      backlog.shift()
      consumer.subscription.take(consumer, message)
      if (consumer.subscription.ready) this.#round.push(consumer)
      else consumer.listed = false
    }
    if (this.#messages === 0 && this.#named === 0) this.#home.idle(this)
  }

  /** The next consumer with credit; whoever gave the message back only if there is no other (STOMP-A3). */
  #next (refusedBy: number): Consumer | null {
    let spare: Consumer | null = null
    for (let consumer = this.#round.shift(); consumer !== null; consumer = this.#round.shift()) {
      if (!consumer.subscription.ready) {
        consumer.listed = false
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
    this.#home.died(this, message, reason)
  }

  #watch ({ expires }: QueuedMessage): void {
    if (expires === Infinity) return
    this.#nextExpiry = Math.min(this.#nextExpiry, expires)
    this.#home.expiring(this)
  }

  #free (publication: Publication, size: number): void {
    this.#messages--
    this.#bytes -= size
    this.#home.budget.release(publication, size)
  }
}
