import { checkPattern, type Destination, hasWildcard } from '../../destinations.ts'
import { type BrokerError, refusal } from '../../refusals.ts'
import type { BrokerConnection, BrokerSink, BrokerSubscription, DeliveryHandle, Operation, OutgoingMessage, SubscribeResult } from '../broker.ts'
import { Credit } from './credit.ts'
import type { Exchange, Step, TemporaryQueues } from './exchange.ts'
import { QueueSubscription, Unacked } from './queue-subscription.ts'
import { TemporaryQueue } from './temporary.ts'
import { AcknowledgedTopicSubscription, TopicSubscription } from './topic-subscription.ts'
import type { TopicMember } from './topics.ts'

/** The connection of one session to the embedded broker. Each call is done when it returns, and deliveries may come before that. */
export class MemoryConnection implements BrokerConnection, TemporaryQueues {
  readonly #exchange: Exchange
  readonly #credit: Credit
  readonly #closed: (connection: MemoryConnection) => void
  /** The function that ends each subscription, by key. */
  readonly #subscriptions = new Map<string, () => void>()
  readonly #temporary = new Map<string, TemporaryQueue>()

  constructor (exchange: Exchange, sink: BrokerSink, closed: (connection: MemoryConnection) => void) {
    this.#exchange = exchange
    this.#credit = new Credit(sink, exchange.settings.maxUnacked)
    this.#closed = closed
  }

  subscribe (subscription: BrokerSubscription): SubscribeResult | void {
    this.#checkOpen()
    const destination = this.#exchange.parse(subscription.destination)
    const isPattern = hasWildcard(destination.segments)
    if (isPattern) checkPattern(destination.segments, this.#exchange.settings.destinations)
    this.#makeWay(subscription.key, destination)
    if (destination.kind === 'topic') return this.#subscribeTopic(subscription, destination, isPattern)
    const taker = new QueueSubscription(subscription.key, this.#credit, subscription.ack, this.#prefetchOf(subscription), isPattern)
    try {
      this.#subscribeQueue(subscription, destination, taker, isPattern)
    } catch (error) {
      taker.end()
      throw error
    }
    this.#exchange.serialQueue.run()
  }

  unsubscribe (key: string): void {
    this.#end(key)
    this.#exchange.serialQueue.run()
  }

  publish (message: OutgoingMessage): void {
    this.#checkOpen()
    this.#exchange.publish(message, this)
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
  commit (operations: readonly Operation[]): void {
    this.#checkOpen()
    const { serialQueue } = this.#exchange
    const steps: Step[] = []
    try {
      for (const operation of operations) {
        if (operation.type === 'publish') steps.push(this.#exchange.prepare(operation.message, this))
      }
    } catch (error) {
      for (const step of steps) step.cancel()
      serialQueue.run()
      throw error
    }
    serialQueue.defer(() => { for (const step of steps) step.run() })
    for (const operation of operations) {
      if (operation.type === 'ack') this.#acknowledge(operation.handles)
      else if (operation.type === 'nack') this.#refuse(operation.handles)
    }
    serialQueue.run()
  }

  resume (): void {
    this.#credit.resume()
    this.#exchange.serialQueue.run()
  }

  /** Never holds a client back, because `publish` returns when its message is delivered or in a queue with a limit. */
  room (): undefined {}

  close (): void {
    if (!this.#credit.open) return
    // This comes first, so that no message goes back to another subscription of this connection (STOMP-A5).
    this.#credit.open = false
    for (const key of [...this.#subscriptions.keys()]) this.#end(key)
    for (const temporary of this.#temporary.values()) this.#drop(temporary)
    this.#closed(this)
    this.#exchange.serialQueue.run()
  }

  /** Ends the connection for the broker, and tells the session why. */
  end (error: BrokerError): void {
    if (!this.#credit.open) return
    this.close()
    this.#credit.sink.ended(error)
  }

  forReplies (name: string): TemporaryQueue {
    const temporary = this.#openTemporary(name)
    if (temporary.queue.consumers.size === 0) {
      if (this.#subscriptions.has(name)) throw refusal('STOMP_INVALID_HEADER', 'reply-to is the id of another subscription')
      temporary.implicit = true
      this.#join(name, temporary, new QueueSubscription(name, this.#credit, 'auto', 1))
    }
    return temporary
  }

  // --- topics -------------------------------------------------------------------------------------------------

  #subscribeTopic (subscription: BrokerSubscription, destination: Destination, isPattern: boolean): SubscribeResult | void {
    const { history, topics, serialQueue } = this.#exchange
    const log = isPattern ? undefined : history.openForSubscriber(destination)
    const recover = subscription.headers.get('x-recover')
    const member = this.#topicMember(subscription, destination)
    const missed = log === undefined || recover === undefined ? null : history.since(log, recover)
    const result: SubscribeResult = {
      ...(recover === undefined ? {} : { recovered: missed !== null }),
      ...(log === undefined ? {} : { position: `${log.epoch}:${log.offset}` })
    }
    // The member joins and gets the missed messages in one step, so that no publication comes between.
    serialQueue.exclusively(() => {
      topics.add(destination, member)
      for (const publication of missed ?? []) if (member.live) member.receive(publication)
    })
    return result
  }

  #topicMember (subscription: BrokerSubscription, destination: Destination): TopicMember {
    const { key, ack } = subscription
    const { queues, topics } = this.#exchange
    if (ack === 'auto') {
      const member = new TopicSubscription(key, this.#credit)
      this.#subscriptions.set(key, () => {
        member.live = false
        topics.remove(destination, member)
      })
      return member
    }
    const taker = new QueueSubscription(key, this.#credit, ack, this.#prefetchOf(subscription))
    const member = new AcknowledgedTopicSubscription(taker, queues.openPrivate(destination.name, 'topic'), () => this.#fellBehind(key))
    this.#subscriptions.set(key, () => {
      topics.remove(destination, member)
      taker.end()
      member.queue.clear()
    })
    return member
  }

  /** Ends the implicit subscription of a temporary queue when its owner subscribes to the queue itself. */
  #makeWay (key: string, { kind, name }: Destination): void {
    const temporary = kind === 'temporary' ? this.#temporary.get(name) : undefined
    if (temporary?.implicit === true) {
      temporary.implicit = false
      this.#end(name)
    }
    if (this.#subscriptions.has(key)) throw refusal('STOMP_INVALID_HEADER', 'id is in use for a temporary queue')
  }

  // --- queues -------------------------------------------------------------------------------------------------

  #subscribeQueue ({ key }: BrokerSubscription, destination: Destination, taker: QueueSubscription, isPattern: boolean): void {
    const { queues, settings } = this.#exchange
    if (isPattern && !(destination.kind === 'queue' && settings.queueWildcards)) {
      throw refusal('STOMP_INVALID_DESTINATION', 'queues take no wildcards')
    }
    if (destination.kind === 'reply') throw refusal('STOMP_INVALID_DESTINATION', 'only the owner of a temporary queue can subscribe to it')
    if (destination.kind === 'temporary') {
      this.#join(key, this.#openTemporary(destination.name), taker)
    } else {
      queues.add(destination, taker)
      this.#subscriptions.set(key, () => queues.remove(destination, taker))
    }
  }

  #join (key: string, { queue }: TemporaryQueue, taker: QueueSubscription): void {
    taker.join(queue)
    this.#subscriptions.set(key, () => taker.end())
  }

  #openTemporary (name: string): TemporaryQueue {
    const { queues, replies, settings } = this.#exchange
    let temporary = this.#temporary.get(name)
    if (temporary !== undefined) return temporary
    if (this.#temporary.size >= settings.maxTemporaryQueues) {
      throw refusal('STOMP_TOO_MANY_TEMPORARY_QUEUES', `at most ${settings.maxTemporaryQueues}`)
    }
    temporary = new TemporaryQueue(name, settings.replyQueue, queues.openPrivate(name, 'temporary'), (full) => this.#overflowed(full))
    this.#temporary.set(name, temporary)
    replies.set(temporary.address, temporary)
    return temporary
  }

  #overflowed (temporary: TemporaryQueue): void {
    const keys = [...temporary.queue.consumers].map(({ subscription }) => subscription.key)
    this.#temporary.delete(temporary.name)
    for (const key of keys) this.#end(key)
    this.#drop(temporary)
    for (const key of keys) this.#credit.sink.subscriptionEnded(key, refusal('STOMP_FELL_BEHIND'))
  }

  #drop (temporary: TemporaryQueue): void {
    this.#exchange.replies.delete(temporary.address)
    temporary.queue.clear()
  }

  /** Reads the most unacknowledged messages that a subscription may have (STOMP-A1). */
  #prefetchOf ({ headers }: BrokerSubscription): number {
    const asked = headers.get('prefetch-count')
    const { prefetch } = this.#exchange.settings
    if (asked === undefined) return prefetch
    if (!/^\d{1,9}$/.test(asked)) throw refusal('STOMP_INVALID_HEADER', 'prefetch-count must be a number of messages')
    // 0 asks for no limit, as with other brokers, and the limit of this broker stays.
    return asked === '0' ? prefetch : Number(asked)
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
    if (wasFull) this.#credit.offer()
  }

  // --- ends ---------------------------------------------------------------------------------------------------

  #fellBehind (key: string): void {
    this.#end(key)
    this.#credit.sink.subscriptionEnded(key, refusal('STOMP_FELL_BEHIND'))
  }

  #end (key: string): void {
    const end = this.#subscriptions.get(key)
    this.#subscriptions.delete(key)
    end?.()
  }

  #checkOpen (): void {
    if (!this.#credit.open) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
  }
}
