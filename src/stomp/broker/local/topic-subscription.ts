import type { Publication } from '../publication.ts'
import type { Credit } from './credit.ts'
import type { QueueSubscription } from './queue-subscription.ts'
import type { Queue } from './queue.ts'
import type { Subscriptions } from './subscriptions.ts'
import type { TopicSubscription } from './topics.ts'

/** The subscription of a topic in `auto` mode, which delivers each publication at once. It is the hot path of a broadcast. */
export class AutoTopicSubscription implements TopicSubscription {
  readonly #key: string
  readonly #credit: Credit
  live = true

  constructor (key: string, credit: Credit) {
    this.#key = key
    this.#credit = credit
  }

  receive (publication: Publication): void {
    this.#credit.deliver({ key: this.#key, publication, handle: null, redelivered: false })
  }
}

/**
 * The subscription of a topic with acknowledgements. It has a queue between the topic and the client.
 *
 * So a client that does not acknowledge gets no more than its credit (SEC-S28), and costs no more memory than one queue.
 */
export class AcknowledgedTopicSubscription implements TopicSubscription {
  readonly #subscription: QueueSubscription
  readonly #queue: Queue
  readonly #subscriptions: Subscriptions

  constructor (subscription: QueueSubscription, queue: Queue, subscriptions: Subscriptions) {
    this.#subscription = subscription
    this.#queue = queue
    this.#subscriptions = subscriptions
    subscription.join(queue)
  }

  get live (): boolean { return this.#subscription.live }

  /** Takes a message. A subscription whose queue is full ends, because it has lost that message. */
  receive (publication: Publication): void {
    const { size } = publication
    if (this.#queue.reserve(publication, size) === null) this.#queue.push(publication, size, Infinity)
    else this.#subscriptions.fellBehind(this.#subscription.key)
  }

  end (): void {
    this.#subscription.end()
    this.#queue.clear()
  }
}
