import type { TopicPosition } from '../local/position.ts'
import type { TopicSubscription } from '../local/topics.ts'
import type { Publication } from '../publication.ts'

/** Holds the messages for a subscription back until it has got those that it missed before. */
export class Gate implements TopicSubscription {
  readonly #subscription: TopicSubscription
  #held: Publication[] = []

  constructor (subscription: TopicSubscription) {
    this.#subscription = subscription
  }

  get live (): boolean { return this.#subscription.live }

  receive (publication: Publication): void { this.#held.push(publication) }

  /** Gives on what was held back, except the messages up to `known`, which the subscription has. */
  open (known: TopicPosition | null): void {
    for (const publication of this.#held) {
      if (!this.live) return
      const { headers } = publication
      const isKnown = known !== null && headers.get('x-epoch') === known.epoch && Number(headers.get('x-offset')) <= known.offset
      if (!isKnown) this.#subscription.receive(publication)
    }
    this.#held = []
  }
}
