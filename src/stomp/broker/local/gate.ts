import type { Publication } from '../publication.ts'
import type { TopicPosition } from './position.ts'
import type { TopicSubscription } from './topics.ts'

/**
 * Stands before a subscription that gets the messages of a history that it missed.
 *
 * It holds the live messages back until then. After that it drops the messages that the history has brought already, because the node may be behind the history.
 */
export class Gate implements TopicSubscription {
  readonly #subscription: TopicSubscription
  /** The messages that wait, `null` after the gate has opened. */
  #held: Publication[] | null = []
  /** The place of the last message that the history has brought, `null` if no later message can be a repeat. */
  #known: TopicPosition | null = null

  constructor (subscription: TopicSubscription) {
    this.#subscription = subscription
  }

  get live (): boolean { return this.#subscription.live }

  receive (publication: Publication): void {
    if (this.#held !== null) this.#held.push(publication)
    else if (!this.#isRepeat(publication)) this.#subscription.receive(publication)
  }

  /**
   * Gives messages of the history, then the held ones, and then each that comes.
   *
   * Messages up to the last one of the history are left out. Without one, messages up to `from` are.
   */
  pass (history: readonly Publication[], from: TopicPosition | null): void {
    for (const publication of history) if (this.live) this.#subscription.receive(publication)
    const last = history.at(-1)?.headers
    this.#open(last === undefined ? from : { epoch: last.get('x-epoch')!, offset: Number(last.get('x-offset')) })
  }

  #open (known: TopicPosition | null): void {
    const held = this.#held ?? []
    this.#held = null
    this.#known = known
    for (const publication of held) if (this.live) this.receive(publication)
  }

  #isRepeat ({ headers }: Publication): boolean {
    if (this.#known === null) return false
    if (headers.get('x-epoch') === this.#known.epoch && Number(headers.get('x-offset')) <= this.#known.offset) return true
    this.#known = null
    return false
  }
}
