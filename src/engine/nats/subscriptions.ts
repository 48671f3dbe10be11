import type { NatsConnection, NatsMessage, NatsSubscription } from './connection.ts'
import type { NatsLink, Subscriber } from './link.ts'

/** A subscription that outlives its connection. It is another one after every new connection. */
interface Lasting {
  readonly subject: string
  readonly listener: (message: NatsMessage) => void
  subscription: NatsSubscription | null
}

/** The subscriptions that outlive lost connections. */
export class Subscriptions implements Subscriber {
  readonly #link: NatsLink
  readonly #lasting = new Set<Lasting>()

  constructor (link: NatsLink) {
    this.#link = link
  }

  /** Subscribes. Resolves with the function that ends it, when every server knows of it. */
  async add (subject: string, listener: (message: NatsMessage) => void): Promise<() => void> {
    const lasting: Lasting = { subject, listener, subscription: null }
    this.#lasting.add(lasting)
    const { connection } = this.#link
    if (connection !== null) subscribe(connection, lasting)
    await this.#begun()
    return () => {
      if (this.#lasting.delete(lasting)) lasting.subscription?.unsubscribe()
    }
  }

  subscribeAll (connection: NatsConnection): void {
    for (const lasting of this.#lasting) subscribe(connection, lasting)
  }

  /** Resolves when the server has all subscriptions. It waits until the engine is available. */
  async #begun (): Promise<void> {
    for (;;) {
      await this.#link.ready()
      try {
        await this.#link.flushed()
        return await this.#link.spread()
      } catch (error) {
        // The connection was lost meanwhile, and will have the subscription when it is back.
        if (this.#link.isStopped) throw error
      }
    }
  }
}

function subscribe (connection: NatsConnection, lasting: Lasting): void {
  lasting.subscription = connection.subscribe(lasting.subject, {
    callback: (error, message) => { if (error === null) lasting.listener(message) }
  })
}
