import type { BrokerSink, Delivery } from '../broker.ts'
import type { QueueSubscription } from './queue-subscription.ts'

/** The credit of one session: whether it takes messages now, and how many it may have unacknowledged. */
export class Credit {
  readonly sink: BrokerSink
  /** The subscriptions that take from queues. They are offered messages again when there is credit. */
  readonly subscriptions = new Set<QueueSubscription>()
  readonly #maxUnacked: number
  /** The deliveries of all subscriptions that wait for an acknowledgement (SEC-S28). */
  unacked = 0
  open = true
  /** False from the `false` of the sink to `resume()`. */
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

  /** Tells the queues that messages for this session may come. */
  offer (): void {
    for (const subscription of this.subscriptions) subscription.offer()
  }
}
