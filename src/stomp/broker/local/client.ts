import { checkPattern, type Destination, hasWildcard, parseDestination } from '../../destinations.ts'
import { refusal } from '../../refusals.ts'
import type { BrokerSink, BrokerSubscription, DeliveryHandle } from '../broker.ts'
import { askedPrefetch } from '../prefetch.ts'
import { Credit } from './credit.ts'
import type { Settings } from './options.ts'
import { type QueueSubscription, QueueSubscriptions, Unacked } from './queue-subscription.ts'
import type { Queues } from './queues.ts'
import { Subscriptions } from './subscriptions.ts'
import { type ReplyAddresses, TemporaryQueues } from './temporary.ts'
import { AcknowledgedTopicSubscription, AutoTopicSubscription } from './topic-subscription.ts'
import type { TopicSubscription } from './topics.ts'

/** The queues of this process, and the addresses of its temporary ones. */
export interface LocalQueues {
  readonly settings: Settings
  readonly queues: Queues
  readonly replies: ReplyAddresses
}

/** The part of a client's connection that every embedded broker has: its credit, its subscriptions and its temporary queues. */
export class LocalClient {
  readonly credit: Credit
  readonly subscriptions: Subscriptions
  readonly queueSubscriptions: QueueSubscriptions
  readonly temporary: TemporaryQueues
  readonly #settings: Settings
  readonly #queues: Queues

  /** @param replyPrefix the beginning of the addresses of its temporary queues */
  constructor ({ settings, queues, replies }: LocalQueues, sink: BrokerSink, replyPrefix: string) {
    this.#settings = settings
    this.#queues = queues
    this.credit = new Credit(sink, settings.maxUnacked)
    this.subscriptions = new Subscriptions(sink)
    this.queueSubscriptions = new QueueSubscriptions(this.credit)
    this.temporary = new TemporaryQueues(settings, replyPrefix, queues, replies, this.queueSubscriptions, this.subscriptions)
  }

  checkOpen (): void {
    if (!this.credit.open) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
  }

  /** Reads the destination of a SUBSCRIBE, or refuses it. */
  destinationOf ({ key, destination: name }: BrokerSubscription): Destination {
    this.checkOpen()
    const destination = parseDestination(name, this.#settings.destinations)
    if (hasWildcard(destination.segments)) checkPattern(destination.segments, this.#settings.destinations)
    // The owner of a temporary queue takes over the subscription that its `reply-to` made.
    if (destination.kind === 'temporary') this.temporary.endImplicit(destination.name)
    if (this.subscriptions.has(key)) throw refusal('STOMP_INVALID_HEADER', 'id is in use for a temporary queue')
    if (destination.kind === 'reply') throw refusal('STOMP_INVALID_DESTINATION', 'only the owner of a temporary queue can subscribe to it')
    return destination
  }

  prefetchOf ({ headers }: BrokerSubscription): number {
    return askedPrefetch(headers) ?? this.#settings.prefetch
  }

  /** Opens a subscription of a topic. `leave` takes it out of the topic at its end. */
  openTopic (subscription: BrokerSubscription, name: string, leave: (subscription: TopicSubscription) => void): TopicSubscription {
    const { key, ack } = subscription
    if (ack === 'auto') {
      const topicSubscription = new AutoTopicSubscription(key, this.credit)
      this.subscriptions.add(key, () => {
        topicSubscription.live = false
        leave(topicSubscription)
      })
      return topicSubscription
    }
    const queueSubscription = this.queueSubscriptions.open(key, ack, this.prefetchOf(subscription))
    const topicSubscription = new AcknowledgedTopicSubscription(queueSubscription, this.#queues.openPrivate(name, 'topic'), this.subscriptions)
    this.subscriptions.add(key, () => {
      leave(topicSubscription)
      topicSubscription.end()
    })
    return topicSubscription
  }

  /** Opens a subscription that takes from queues, and lets `join` add it to them. */
  openQueue (subscription: BrokerSubscription, byPattern: boolean, join: (queueSubscription: QueueSubscription) => void): void {
    const queueSubscription = this.queueSubscriptions.open(subscription.key, subscription.ack, this.prefetchOf(subscription), byPattern)
    try {
      join(queueSubscription)
    } catch (error) {
      queueSubscription.end()
      throw error
    }
  }

  acknowledge (handles: readonly DeliveryHandle[]): void {
    this.#release(handles, ({ consumer, message }) => consumer.queue.settle(message))
  }

  refuse (handles: readonly DeliveryHandle[]): void {
    this.#release(handles, ({ consumer, message }) => consumer.queue.giveBack(message, consumer.number))
  }

  resume (): void {
    this.credit.flowing = true
    this.queueSubscriptions.offer()
  }

  /** Ends all subscriptions. Returns `false` if they have ended before. */
  close (): boolean {
    if (!this.credit.open) return false
    // This comes first, so that no message goes back to another subscription of this connection (STOMP-A5).
    this.credit.open = false
    this.subscriptions.endAll()
    this.temporary.dropAll()
    return true
  }

  #release (handles: readonly DeliveryHandle[], done: (handle: Unacked) => void): void {
    const wasFull = !this.credit.hasCredit
    for (const handle of handles) {
      if (!(handle instanceof Unacked)) continue
      const { subscription } = handle.consumer
      if (subscription.credit !== this.credit || !subscription.release(handle)) continue
      done(handle)
      subscription.offer()
    }
    if (wasFull) this.queueSubscriptions.offer()
  }
}
