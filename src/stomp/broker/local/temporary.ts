import { randomBytes } from 'node:crypto'
import { refusal } from '../../refusals.ts'
import type { Publication } from '../publication.ts'
import type { Settings } from './options.ts'
import type { QueueSubscription, QueueSubscriptions } from './queue-subscription.ts'
import type { Queue } from './queue.ts'
import type { Queues } from './queues.ts'
import type { Subscriptions } from './subscriptions.ts'

/** A queue of one connection. Its owner names it `/temp-queue/x`, and other clients by an address that cannot be guessed. */
export class TemporaryQueue {
  /** The name that its owner uses. */
  readonly name: string
  /** The address that other clients use (SEC-S66). */
  readonly address: string
  readonly queue: Queue
  /** True when its subscription came with a `reply-to`, and not by SUBSCRIBE. */
  implicit = false
  readonly #owner: TemporaryQueues

  constructor (name: string, replyPrefix: string, queue: Queue, owner: TemporaryQueues) {
    this.name = name
    this.address = replyPrefix + randomBytes(16).toString('base64url')
    this.queue = queue
    this.#owner = owner
  }

  /** Takes a message. It never refuses one, because a full queue is the fault of its owner and not of the sender. */
  receive (publication: Publication, expires: number): void {
    const { size } = publication
    if (this.queue.reserve(publication, size) === null) this.queue.push(publication, size, expires)
    else this.#owner.overflowed(this)
  }
}

/** The temporary queues by the address that other clients use. */
export type ReplyAddresses = Map<string, TemporaryQueue>

/** The temporary queues of one connection. */
export class TemporaryQueues {
  readonly #settings: Settings
  readonly #replyPrefix: string
  readonly #queues: Queues
  readonly #addresses: ReplyAddresses
  readonly #queueSubscriptions: QueueSubscriptions
  readonly #subscriptions: Subscriptions
  readonly #byName = new Map<string, TemporaryQueue>()

  /** @param replyPrefix the beginning of their addresses */
  constructor (settings: Settings, replyPrefix: string, queues: Queues, addresses: ReplyAddresses, queueSubscriptions: QueueSubscriptions, subscriptions: Subscriptions) {
    this.#settings = settings
    this.#replyPrefix = replyPrefix
    this.#queues = queues
    this.#addresses = addresses
    this.#queueSubscriptions = queueSubscriptions
    this.#subscriptions = subscriptions
  }

  /** Finds the queue for the `reply-to` of a message. Makes it and subscribes to it if that is needed. */
  forReplies (name: string): TemporaryQueue {
    const temporary = this.#open(name)
    if (temporary.queue.consumers.size === 0) {
      if (this.#subscriptions.has(name)) throw refusal('STOMP_INVALID_HEADER', 'reply-to is the id of another subscription')
      temporary.implicit = true
      this.#join(name, temporary, this.#queueSubscriptions.open(name, 'auto', 1))
    }
    return temporary
  }

  /** Subscribes to a queue by SUBSCRIBE. */
  subscribe (key: string, name: string, subscription: QueueSubscription): void {
    this.#join(key, this.#open(name), subscription)
  }

  /** Ends the implicit subscription of a queue when its owner subscribes to the queue itself. */
  endImplicit (name: string): void {
    const temporary = this.#byName.get(name)
    if (temporary?.implicit !== true) return
    temporary.implicit = false
    this.#subscriptions.end(name)
  }

  /** Drops a queue that is full. Its subscriptions end, because they have lost a message. */
  overflowed (temporary: TemporaryQueue): void {
    const keys = [...temporary.queue.consumers].map(({ subscription }) => subscription.key)
    this.#byName.delete(temporary.name)
    // All have ended before the session learns of the first, because it may call back at once.
    for (const key of keys) this.#subscriptions.end(key)
    this.#drop(temporary)
    for (const key of keys) this.#subscriptions.fellBehind(key)
  }

  dropAll (): void {
    for (const temporary of this.#byName.values()) this.#drop(temporary)
  }

  #open (name: string): TemporaryQueue {
    let temporary = this.#byName.get(name)
    if (temporary !== undefined) return temporary
    const { maxTemporaryQueues } = this.#settings
    if (this.#byName.size >= maxTemporaryQueues) throw refusal('STOMP_TOO_MANY_TEMPORARY_QUEUES', `at most ${maxTemporaryQueues}`)
    temporary = new TemporaryQueue(name, this.#replyPrefix, this.#queues.openPrivate(name, 'temporary'), this)
    this.#byName.set(name, temporary)
    this.#addresses.set(temporary.address, temporary)
    return temporary
  }

  #join (key: string, { queue }: TemporaryQueue, subscription: QueueSubscription): void {
    subscription.join(queue)
    this.#subscriptions.add(key, () => subscription.end())
  }

  #drop (temporary: TemporaryQueue): void {
    this.#addresses.delete(temporary.address)
    temporary.queue.clear()
  }
}
