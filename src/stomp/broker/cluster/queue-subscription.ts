import type { EngineConsumer, TakenMessage } from '../../../engine/queues.ts'
import type { Destination } from '../../destinations.ts'
import type { AckMode, BrokerSubscription } from '../broker.ts'
import type { LocalClient } from '../local/client.ts'
import type { DeathReason } from '../local/dead-letter.ts'
import type { Publication } from '../publication.ts'
import { refusalOf } from './failures.ts'
import type { ClusterExchange } from './exchange.ts'
import { nameOf } from './names.ts'
import { type MessageRecord, publicationOf } from './record.ts'
import { readMessage } from './sources.ts'

/** The most messages that the engine may give at a time. A client that stops to read holds few of them. */
const WINDOW = 32

/** A message of a queue that the client has, and must acknowledge: the handle of its delivery. */
export class HeldMessage {
  readonly subscription: ClusterQueueSubscription
  readonly message: TakenMessage

  constructor (subscription: ClusterQueueSubscription, message: TakenMessage) {
    this.subscription = subscription
    this.message = message
  }
}

/** The subscription of a client to a queue that the engine keeps. */
export class ClusterQueueSubscription {
  /** The queue as the client wrote it. */
  readonly destination: string
  readonly #exchange: ClusterExchange
  readonly #client: LocalClient
  readonly #key: string
  readonly #ack: AckMode
  readonly #prefetch: number
  readonly #consumer: EngineConsumer
  readonly #held = new Set<HeldMessage>()
  /** The messages that have come while the session took none. */
  #waiting: TakenMessage[] = []
  /** The messages that the engine may still give. */
  #credit = 0
  /** The messages that are on their way to the dead letters. */
  #burying = 0
  #live = true

  constructor (exchange: ClusterExchange, client: LocalClient, subscription: BrokerSubscription, destination: Destination) {
    this.destination = destination.name
    this.#exchange = exchange
    this.#client = client
    this.#key = subscription.key
    this.#ack = subscription.ack
    this.#prefetch = client.prefetchOf(subscription)
    this.#consumer = exchange.engineQueues.consume(nameOf(destination), (message) => this.#taken(message))
  }

  /** Gives the engine credit for as many messages as the client takes. */
  offer (): void {
    const { credit } = this.#client
    while (credit.flowing && this.#waiting.length > 0) this.#give(this.#waiting.shift()!)
    if (!this.#live || !credit.flowing) return
    const more = this.#room
    if (more <= 0) return
    this.#promise(more)
    this.#consumer.credit(more)
  }

  /** Takes an acknowledged message from the client. Resolves when the engine has noted it. */
  async acknowledge (held: HeldMessage): Promise<void> {
    if (!this.#release(held)) return
    this.offer()
    await this.#confirm(held.message)
  }

  /** Gives a refused message back. */
  refuse (held: HeldMessage): void {
    if (!this.#release(held)) return
    this.#consumer.nack(held.message)
    this.offer()
  }

  /** Ends the subscription. Its unacknowledged messages go back (STOMP-S6, STOMP-A5). */
  end (): void {
    if (!this.#live) return
    this.#live = false
    this.#promise(-this.#credit)
    this.#client.credit.unacked -= this.#held.size
    this.#held.clear()
    this.#waiting = []
    this.#consumer.close()
  }

  /** The number of messages that the engine may give besides the messages of its credit. */
  get #room (): number {
    const window = WINDOW - this.#burying
    if (this.#ack === 'auto') return window - this.#credit
    const { left } = this.#client.credit
    const own = Math.min(window, this.#prefetch - this.#held.size - this.#waiting.length) - this.#credit
    // A subscription always has room for one message, so that the others cannot starve it.
    const isIdle = this.#credit + this.#held.size + this.#waiting.length === 0
    return Math.min(own, Math.max(left, isIdle ? 1 : 0))
  }

  #promise (more: number): void {
    this.#credit += more
    if (this.#ack !== 'auto') this.#client.credit.promised += more
  }

  #taken (message: TakenMessage): void {
    // The engine takes back what it gave to a consumer that has closed.
    if (!this.#live) return
    this.#promise(-1)
    if (!this.#client.credit.flowing) this.#waiting.push(message)
    else this.#give(message)
  }

  #give (message: TakenMessage): void {
    const record = readMessage(this.#exchange.node, message.data)
    // A message that cannot be read is nothing for other consumers either.
    if (record === null) return this.#settle(message)
    const { maxDeliveries } = this.#exchange.settings
    const isExpired = record.expires > 0 && record.expires < this.#exchange.node.clock.date()
    if (isExpired || (maxDeliveries > 0 && message.deliveries > maxDeliveries)) {
      this.#bury(message, record, isExpired ? 'expired' : 'delivery-limit')
      return
    }
    this.#deliver(message, publicationOf(record))
  }

  /** Moves a message to the dead letters. It goes back if the engine has not taken the letter, and is tried again. */
  async #bury (message: TakenMessage, record: MessageRecord, reason: DeathReason): Promise<void> {
    this.#burying++
    const isBuried = await this.#exchange.bury(record, reason)
    this.#burying--
    if (isBuried) this.#settle(message)
    else this.#consumer.nack(message)
    this.offer()
  }

  #deliver (message: TakenMessage, publication: Publication): void {
    const { credit } = this.#client
    const delivery = { key: this.#key, publication, redelivered: message.deliveries > 1 }
    if (this.#ack === 'auto') {
      credit.deliver({ ...delivery, handle: null })
      this.#settle(message)
    } else {
      const held = new HeldMessage(this, message)
      this.#held.add(held)
      credit.unacked++
      credit.deliver({ ...delivery, handle: held })
    }
    this.offer()
  }

  /** Takes a message out of the queue that needs no acknowledgement of the client. If that fails it may come again. */
  #settle (message: TakenMessage): void {
    this.#confirm(message).catch((error: unknown) => { this.#exchange.node.log.debug({ err: error }, 'a message of a queue may come again') })
  }

  async #confirm (message: TakenMessage): Promise<void> {
    try {
      await this.#exchange.publisher.send(0, () => this.#consumer.ack(message))
    } catch (error) {
      throw refusalOf(error)
    }
  }

  #release (held: HeldMessage): boolean {
    if (!this.#held.delete(held)) return false
    this.#client.credit.unacked--
    return true
  }
}
