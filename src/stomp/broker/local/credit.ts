import type { BrokerSink, Delivery } from '../broker.ts'

/** The credit of one session: whether it takes messages now, and how many it may have unacknowledged. */
export class Credit {
  readonly sink: BrokerSink
  readonly #maxUnacked: number
  /** The deliveries of all subscriptions that wait for an acknowledgement (SEC-S28). */
  unacked = 0
  /** The messages with acknowledgement that an engine may still give to these subscriptions. */
  promised = 0
  /** False from the end of the connection on. */
  open = true
  /** False from the `false` of the sink until the session calls `resume()`. */
  flowing = true

  constructor (sink: BrokerSink, maxUnacked: number) {
    this.sink = sink
    this.#maxUnacked = maxUnacked
  }

  get hasCredit (): boolean {
    return this.unacked < this.#maxUnacked
  }

  /** The messages that may still be promised. */
  get left (): number { return this.#maxUnacked - this.unacked - this.promised }

  deliver (delivery: Delivery): void {
    if (!this.sink.deliver(delivery)) this.flowing = false
  }
}
