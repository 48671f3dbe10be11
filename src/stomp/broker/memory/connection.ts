import { checkPattern, type Destination, hasWildcard } from '../../destinations.ts'
import { type BrokerError, refusal } from '../../refusals.ts'
import type { BrokerConnection, BrokerSink, BrokerSubscription, DeliveryHandle, TransactionStep, OutgoingMessage, SubscribeResult } from '../broker.ts'
import { askedPrefetch } from '../prefetch.ts'
import { Credit } from '../local/credit.ts'
import type { AcceptedPublication, Exchange } from './exchange.ts'
import { type QueueSubscription, QueueSubscriptions, Unacked } from '../local/queue-subscription.ts'
import { MemorySubscriptions } from '../local/subscriptions.ts'
import { MemoryTemporaryQueues } from '../local/temporary.ts'
import { AcknowledgedTopicSubscription, AutoTopicSubscription } from '../local/topic-subscription.ts'
import type { TopicSubscription } from '../local/topics.ts'

/** The connection of one session to the embedded broker. Each call is done when it returns, and deliveries may come before that. */
export class MemoryConnection implements BrokerConnection {
  readonly #exchange: Exchange
  readonly #credit: Credit
  /** The open connections of the broker, this one among them. */
  readonly #open: Set<MemoryConnection>
  readonly #subscriptions: MemorySubscriptions
  readonly #queueSubscriptions: QueueSubscriptions
  readonly #temporary: MemoryTemporaryQueues

  constructor (exchange: Exchange, sink: BrokerSink, open: Set<MemoryConnection>) {
    const { settings, queues, replies } = exchange
    this.#exchange = exchange
    this.#credit = new Credit(sink, settings.maxUnacked)
    this.#subscriptions = new MemorySubscriptions(sink)
    this.#queueSubscriptions = new QueueSubscriptions(this.#credit)
    this.#temporary = new MemoryTemporaryQueues(settings, queues, replies, this.#queueSubscriptions, this.#subscriptions)
    this.#open = open
    open.add(this)
  }

  subscribe (subscription: BrokerSubscription): SubscribeResult | void {
    this.#checkOpen()
    const destination = this.#exchange.parse(subscription.destination)
    const isPattern = hasWildcard(destination.segments)
    if (isPattern) checkPattern(destination.segments, this.#exchange.settings.destinations)
    // The owner of a temporary queue takes over the subscription that its `reply-to` made.
    if (destination.kind === 'temporary') this.#temporary.endImplicit(destination.name)
    if (this.#subscriptions.has(subscription.key)) throw refusal('STOMP_INVALID_HEADER', 'id is in use for a temporary queue')
    if (destination.kind === 'topic') return this.#subscribeTopic(subscription, destination, isPattern)
    const queueSubscription = this.#queueSubscriptions.open(subscription.key, subscription.ack, this.#prefetchOf(subscription), isPattern)
    try {
      this.#subscribeQueue(subscription, destination, queueSubscription, isPattern)
    } catch (error) {
      queueSubscription.end()
      throw error
    }
    this.#exchange.serialQueue.run()
  }

  unsubscribe (key: string): void {
    this.#subscriptions.end(key)
    this.#exchange.serialQueue.run()
  }

  publish (message: OutgoingMessage): void {
    this.#checkOpen()
    this.#exchange.publish(message, this.#temporary)
  }

  ack (handles: readonly DeliveryHandle[]): void {
    this.#acknowledge(handles)
    this.#exchange.serialQueue.run()
  }

  nack (handles: readonly DeliveryHandle[]): void {
    this.#refuse(handles)
    this.#exchange.serialQueue.run()
  }

  /** Checks every step that may be refused before it does the first one (STOMP-T3). */
  commit (steps: readonly TransactionStep[]): void {
    this.#checkOpen()
    const { serialQueue } = this.#exchange
    const publications: AcceptedPublication[] = []
    try {
      for (const step of steps) {
        if (step.type === 'publish') publications.push(this.#exchange.accept(step.message, this.#temporary))
      }
    } catch (error) {
      for (const publication of publications) publication.cancel()
      serialQueue.run()
      throw error
    }
    serialQueue.defer(() => { for (const publication of publications) publication.deliver() })
    for (const step of steps) {
      if (step.type === 'ack') this.#acknowledge(step.handles)
      else if (step.type === 'nack') this.#refuse(step.handles)
    }
    serialQueue.run()
  }

  resume (): void {
    this.#credit.flowing = true
    this.#queueSubscriptions.offer()
    this.#exchange.serialQueue.run()
  }

  /** Never holds a client back, because `publish` returns when its message is delivered or in a queue with a limit. */
  room (): undefined {}

  close (): void {
    if (!this.#credit.open) return
    // This comes first, so that no message goes back to another subscription of this connection (STOMP-A5).
    this.#credit.open = false
    this.#subscriptions.endAll()
    this.#temporary.dropAll()
    this.#open.delete(this)
    this.#exchange.serialQueue.run()
  }

  /** Ends the connection for the broker, and tells the session why. */
  end (error: BrokerError): void {
    if (!this.#credit.open) return
    this.close()
    this.#credit.sink.ended(error)
  }

  // --- topics -------------------------------------------------------------------------------------------------

  #subscribeTopic (subscription: BrokerSubscription, destination: Destination, isPattern: boolean): SubscribeResult | void {
    const { history, topics, serialQueue } = this.#exchange
    const log = isPattern ? undefined : history.openForSubscriber(destination)
    const recover = subscription.headers.get('x-recover')
    const topicSubscription = this.#openTopic(subscription, destination)
    const missed = log === undefined || recover === undefined ? null : history.since(log, recover)
    const result: SubscribeResult = {
      ...(recover === undefined ? {} : { recovered: missed !== null }),
      ...(log === undefined ? {} : { position: `${log.epoch}:${log.offset}` })
    }
    // The subscription joins and gets the missed messages in one step, so that no publication comes between.
    serialQueue.exclusively(() => {
      topics.add(destination, topicSubscription)
      for (const publication of missed ?? []) if (topicSubscription.live) topicSubscription.receive(publication)
    })
    return result
  }

  #openTopic (subscription: BrokerSubscription, destination: Destination): TopicSubscription {
    const { key, ack } = subscription
    const { queues, topics } = this.#exchange
    if (ack === 'auto') {
      const topicSubscription = new AutoTopicSubscription(key, this.#credit)
      this.#subscriptions.add(key, () => {
        topicSubscription.live = false
        topics.remove(destination, topicSubscription)
      })
      return topicSubscription
    }
    const queueSubscription = this.#queueSubscriptions.open(key, ack, this.#prefetchOf(subscription))
    const topicSubscription = new AcknowledgedTopicSubscription(queueSubscription, queues.openPrivate(destination.name, 'topic'), this.#subscriptions)
    this.#subscriptions.add(key, () => {
      topics.remove(destination, topicSubscription)
      topicSubscription.end()
    })
    return topicSubscription
  }

  // --- queues -------------------------------------------------------------------------------------------------

  #subscribeQueue ({ key }: BrokerSubscription, destination: Destination, queueSubscription: QueueSubscription, isPattern: boolean): void {
    const { queues, settings } = this.#exchange
    if (isPattern && !(destination.kind === 'queue' && settings.queueWildcards)) {
      throw refusal('STOMP_INVALID_DESTINATION', 'queues take no wildcards')
    }
    if (destination.kind === 'reply') throw refusal('STOMP_INVALID_DESTINATION', 'only the owner of a temporary queue can subscribe to it')
    if (destination.kind === 'temporary') {
      this.#temporary.subscribe(key, destination.name, queueSubscription)
    } else {
      queues.add(destination, queueSubscription)
      this.#subscriptions.add(key, () => queues.remove(destination, queueSubscription))
    }
  }

  #prefetchOf ({ headers }: BrokerSubscription): number {
    return askedPrefetch(headers) ?? this.#exchange.settings.prefetch
  }

  // --- acknowledgements ---------------------------------------------------------------------------------------

  #acknowledge (handles: readonly DeliveryHandle[]): void {
    this.#release(handles, ({ consumer, message }) => consumer.queue.settle(message))
  }

  #refuse (handles: readonly DeliveryHandle[]): void {
    this.#release(handles, ({ consumer, message }) => consumer.queue.giveBack(message, consumer.number))
  }

  #release (handles: readonly DeliveryHandle[], done: (handle: Unacked) => void): void {
    const wasFull = !this.#credit.hasCredit
    for (const handle of handles) {
      if (!(handle instanceof Unacked)) continue
      const { subscription } = handle.consumer
      if (subscription.credit !== this.#credit || !subscription.release(handle)) continue
      done(handle)
      subscription.offer()
    }
    if (wasFull) this.#queueSubscriptions.offer()
  }

  #checkOpen (): void {
    if (!this.#credit.open) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
  }
}
