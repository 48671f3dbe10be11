import type { BrokerSink, Delivery } from '../broker.ts'
import type { QueueSubscription } from './queue-subscription.ts'

/** The way to one session, and what it can take at the moment. */
export class Outlet {
  readonly sink: BrokerSink
  /** What takes from queues: to be asked again when there is room. */
  readonly subscriptions = new Set<QueueSubscription>()
  readonly #maxUnacked: number
  /** Deliveries that wait for their acknowledgement, in all subscriptions (SEC-S28). */
  unacked = 0
  open = true
  /** False from a sink's `false` to its `resume()`. */
  flowing = true

  constructor (sink: BrokerSink, maxUnacked: number) {
    this.sink = sink
    this.#maxUnacked = maxUnacked
  }

  get hasCredit (): boolean {
    return this.unacked < this.#maxUnacked
  }

  deliver (delivery: Delivery): void {
    if (!this.sink.deliver(delivery)) this.flowing = false
  }

  resume (): void {
    this.flowing = true
    this.offer()
  }

  /** There is room: whatever waits for this session may come. */
  offer (): void {
    for (const subscription of this.subscriptions) subscription.offer()
  }
}
