import { isPromise } from '../../../core/promise.ts'
import { type Destination, hasWildcard } from '../../destinations.ts'
import { type BrokerError, refusal } from '../../refusals.ts'
import type { BrokerConnection, BrokerSink, BrokerSubscription, DeliveryHandle, Done, OutgoingMessage, SubscribeResult, TransactionStep } from '../broker.ts'
import { LocalClient } from '../local/client.ts'
import type { ClusterExchange } from './exchange.ts'
import { refusalOf } from './failures.ts'
import { ClusterQueueSubscription, HeldMessage } from './queue-subscription.ts'

/** The connection of one session to the broker of the cluster. */
export class ClusterConnection implements BrokerConnection {
  readonly #exchange: ClusterExchange
  readonly #client: LocalClient
  /** The subscriptions to queues of the engine. */
  readonly queues = new Set<ClusterQueueSubscription>()
  readonly #closed: () => void

  /** @param closed is called once, as the connection ends */
  constructor (exchange: ClusterExchange, sink: BrokerSink, closed: () => void) {
    this.#exchange = exchange
    this.#client = new LocalClient(exchange, sink, exchange.replyPrefix)
    this.#closed = closed
  }

  subscribe (subscription: BrokerSubscription): Done<SubscribeResult | void> {
    const destination = this.#client.destinationOf(subscription)
    if (destination.kind === 'topic') return this.#subscribeTopic(subscription, destination)
    if (hasWildcard(destination.segments)) throw refusal('STOMP_INVALID_DESTINATION', 'queues take no wildcards')
    if (destination.kind === 'temporary') {
      this.#client.openQueue(subscription, false, (queueSubscription) => {
        this.#client.temporary.subscribe(subscription.key, destination.name, queueSubscription)
      })
      this.#exchange.serialQueue.run()
      return
    }
    const queue = new ClusterQueueSubscription(this.#exchange, this.#client, subscription, destination)
    this.queues.add(queue)
    this.#client.subscriptions.add(subscription.key, () => {
      this.queues.delete(queue)
      queue.end()
    })
    queue.offer()
  }

  unsubscribe (key: string): void {
    this.#client.subscriptions.end(key)
    this.#exchange.serialQueue.run()
  }

  publish (message: OutgoingMessage): Done {
    this.#client.checkOpen()
    return this.#exchange.accept(message, this.#client.temporary)()
  }

  ack (handles: readonly DeliveryHandle[]): Done {
    this.#client.acknowledge(handles)
    this.#exchange.serialQueue.run()
    return this.#acknowledge(handles)
  }

  nack (handles: readonly DeliveryHandle[]): void {
    this.#client.refuse(handles)
    this.#exchange.serialQueue.run()
    for (const held of heldOf(handles)) held.subscription.refuse(held)
  }

  /** Checks every step that may be refused before it does the first one (STOMP-T3). The acknowledgements come last, when the engine has all messages. */
  async commit (steps: readonly TransactionStep[]): Promise<void> {
    this.#client.checkOpen()
    const accepted = steps.flatMap((step) => step.type === 'publish' ? [this.#exchange.accept(step.message, this.#client.temporary)] : [])
    await Promise.all(accepted.map((work) => work()))
    for (const step of steps) if (step.type === 'nack') this.nack(step.handles)
    await Promise.all(steps.map((step) => step.type === 'ack' ? this.ack(step.handles) : undefined))
  }

  resume (): void {
    this.#client.resume()
    this.#exchange.serialQueue.run()
    for (const queue of this.queues) queue.offer()
  }

  room (): Promise<void> | undefined { return this.#exchange.publisher.room() }

  close (): void {
    if (!this.#client.close()) return
    this.#exchange.serialQueue.run()
    this.#closed()
  }

  /** Ends the connection for the broker, and tells the session why. */
  end (error: BrokerError): void {
    if (!this.#client.credit.open) return
    this.close()
    this.#client.credit.sink.ended(error)
  }

  #subscribeTopic (subscription: BrokerSubscription, destination: Destination): Done<SubscribeResult | void> {
    const { feeds } = this.#exchange
    const { key, headers } = subscription
    const topicSubscription = this.#client.openTopic(subscription, destination.name, (gone) => feeds.leave(destination, gone))
    const joined = feeds.join(destination, topicSubscription, { recover: headers.get('x-recover'), gaps: headers.get('x-gaps') === 'true' })
    if (!isPromise(joined)) return joined
    return joined.catch((error: unknown) => {
      this.#client.subscriptions.end(key)
      throw refusalOf(error)
    })
  }

  #acknowledge (handles: readonly DeliveryHandle[]): Done {
    const held = heldOf(handles)
    if (held.length > 0) return Promise.all(held.map((each) => each.subscription.acknowledge(each))).then(() => {})
  }
}

function heldOf (handles: readonly DeliveryHandle[]): HeldMessage[] {
  return handles.filter((handle) => handle instanceof HeldMessage)
}
