import { type Destination, hasWildcard } from '../../destinations.ts'
import { type BrokerError, refusal } from '../../refusals.ts'
import type { BrokerConnection, BrokerSink, BrokerSubscription, DeliveryHandle, TransactionStep, OutgoingMessage, SubscribeResult } from '../broker.ts'
import { Gate } from '../local/gate.ts'
import { LocalClient } from '../local/client.ts'
import { writePosition } from '../local/position.ts'
import type { AcceptedPublication, Exchange } from './exchange.ts'
import type { Log } from './history.ts'

/** The connection of one session to the embedded broker. Each call is done when it returns, and deliveries may come before that. */
export class MemoryConnection implements BrokerConnection {
  readonly #exchange: Exchange
  readonly #client: LocalClient
  /** The open connections of the broker, this one among them. */
  readonly #open: Set<MemoryConnection>

  constructor (exchange: Exchange, sink: BrokerSink, open: Set<MemoryConnection>) {
    this.#exchange = exchange
    this.#client = new LocalClient(exchange, sink, `${exchange.settings.replyQueue}/`)
    this.#open = open
    open.add(this)
  }

  subscribe (subscription: BrokerSubscription): SubscribeResult | void {
    const destination = this.#client.destinationOf(subscription)
    if (destination.kind === 'topic') return this.#subscribeTopic(subscription, destination)
    const isPattern = hasWildcard(destination.segments)
    if (isPattern && !(destination.kind === 'queue' && this.#exchange.settings.queueWildcards)) {
      throw refusal('STOMP_INVALID_DESTINATION', 'queues take no wildcards')
    }
    this.#subscribeQueue(subscription, destination, isPattern)
    this.#exchange.serialQueue.run()
  }

  unsubscribe (key: string): void {
    this.#client.subscriptions.end(key)
    this.#exchange.serialQueue.run()
  }

  publish (message: OutgoingMessage): void {
    this.#client.checkOpen()
    this.#exchange.publish(message, this.#client.temporary)
  }

  ack (handles: readonly DeliveryHandle[]): void {
    this.#client.acknowledge(handles)
    this.#exchange.serialQueue.run()
  }

  nack (handles: readonly DeliveryHandle[]): void {
    this.#client.refuse(handles)
    this.#exchange.serialQueue.run()
  }

  /** Checks every step that may be refused before it does the first one (STOMP-T3). */
  commit (steps: readonly TransactionStep[]): void {
    this.#client.checkOpen()
    const { serialQueue } = this.#exchange
    const publications: AcceptedPublication[] = []
    try {
      for (const step of steps) {
        if (step.type === 'publish') publications.push(this.#exchange.accept(step.message, this.#client.temporary))
      }
    } catch (error) {
      for (const publication of publications) publication.cancel()
      serialQueue.run()
      throw error
    }
    serialQueue.defer(() => { for (const publication of publications) publication.deliver() })
    for (const step of steps) {
      if (step.type === 'ack') this.#client.acknowledge(step.handles)
      else if (step.type === 'nack') this.#client.refuse(step.handles)
    }
    serialQueue.run()
  }

  resume (): void {
    this.#client.resume()
    this.#exchange.serialQueue.run()
  }

  /** Never holds a client back, because `publish` returns when its message is delivered or in a queue with a limit. */
  room (): undefined {}

  close (): void {
    if (!this.#client.close()) return
    this.#open.delete(this)
    this.#exchange.serialQueue.run()
  }

  /** Ends the connection for the broker, and tells the session why. */
  end (error: BrokerError): void {
    if (!this.#client.credit.open) return
    this.close()
    this.#client.credit.sink.ended(error)
  }

  #subscribeTopic (subscription: BrokerSubscription, destination: Destination): SubscribeResult | void {
    const { history, topics, serialQueue } = this.#exchange
    const log = hasWildcard(destination.segments) ? undefined : history.openForSubscriber(destination)
    const recover = subscription.headers.get('x-recover')
    const missed = log === undefined || recover === undefined ? null : history.since(log, recover)
    if (recover !== undefined && missed === null && log !== undefined && log.rule.replay !== null) return this.#replayLater(subscription, destination, log)
    const topicSubscription = this.#client.openTopic(subscription, destination.name, (gone) => topics.remove(destination, gone))
    const result: SubscribeResult = {
      ...(recover === undefined ? {} : { recovered: missed !== null }),
      ...(log === undefined ? {} : { position: writePosition(log) })
    }
    // The subscription joins and gets the missed messages in one step, so that no publication comes between.
    serialQueue.exclusively(() => {
      topics.add(destination, topicSubscription)
      for (const publication of missed ?? history.replayed(log)) if (topicSubscription.live) topicSubscription.receive(publication)
    })
    return result
  }

  /** Joins a topic whose missed messages are lost. The client learns that first, and then gets the last message. */
  #replayLater (subscription: BrokerSubscription, destination: Destination, log: Log): SubscribeResult {
    const { history, topics, serialQueue } = this.#exchange
    const topicSubscription = this.#client.openTopic(subscription, destination.name, () => topics.remove(destination, gate))
    const gate = new Gate(topicSubscription)
    topics.add(destination, gate)
    setImmediate(() => serialQueue.exclusively(() => gate.pass(history.replayed(log), null)))
    return { recovered: false, position: writePosition(log) }
  }

  #subscribeQueue (subscription: BrokerSubscription, destination: Destination, isPattern: boolean): void {
    const { queues } = this.#exchange
    const { key } = subscription
    this.#client.openQueue(subscription, isPattern, (queueSubscription) => {
      if (destination.kind === 'temporary') return this.#client.temporary.subscribe(key, destination.name, queueSubscription)
      queues.add(destination, queueSubscription)
      this.#client.subscriptions.add(key, () => queues.remove(destination, queueSubscription))
    })
  }
}
