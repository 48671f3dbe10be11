import type { Publication } from '../broker/publication.ts'
import type { StompSession } from '../session/stomp-session.ts'
import type { Feed, Subscription } from '../session/subscriptions.ts'

/** One subscription to the presence of a topic. */
export class Watcher implements Feed {
  readonly ready: Promise<void>
  /** True when it has got the list, so that it gets the changes too. */
  isListed = false
  readonly #session: StompSession
  readonly #subscription: Subscription
  readonly #stopped: (watcher: Watcher) => void
  #resolve: () => void = () => {}

  /** @param stopped is told when the subscription ends */
  constructor (session: StompSession, subscription: Subscription, stopped: (watcher: Watcher) => void) {
    this.#session = session
    this.#subscription = subscription
    this.#stopped = stopped
    this.ready = new Promise((resolve) => { this.#resolve = resolve })
  }

  deliver (publication: Publication): void {
    this.#session.deliveries.deliver({ key: this.#subscription.key, publication, handle: null, redelivered: false })
  }

  /** Delivers the list. The subscription is ready then. */
  list (publication: Publication): void {
    this.isListed = true
    this.deliver(publication)
    this.#resolve()
  }

  stop (): void {
    this.#resolve()
    this.#stopped(this)
  }
}
