import type { AckMode } from '../../broker.ts'

/** A subscription of a client at the broker. */
export interface ClientSubscription {
  /** The key that the session has given it. */
  readonly key: string
  readonly ack: AckMode
  /** The most unacknowledged messages that it may have. */
  readonly granted: number
}

/** The subscriptions of one client, by the ids that the broker knows and by the keys of the session. */
export class ClientSubscriptions {
  readonly #byId = new Map<string, ClientSubscription>()
  readonly #idOf = new Map<string, string>()

  /** The unacknowledged messages that all subscriptions together may have. */
  get granted (): number { return [...this.#byId.values()].reduce((sum, { granted }) => sum + granted, 0) }

  get (id: string): ClientSubscription | undefined { return this.#byId.get(id) }

  idOf (key: string): string | undefined { return this.#idOf.get(key) }

  add (id: string, key: string, ack: AckMode = 'auto', granted = 0): void {
    this.#byId.set(id, { key, ack, granted })
    this.#idOf.set(key, id)
  }

  remove (id: string): void {
    const subscription = this.#byId.get(id)
    if (subscription === undefined) return
    this.#byId.delete(id)
    if (this.#idOf.get(subscription.key) === id) this.#idOf.delete(subscription.key)
  }

  clear (): void {
    this.#byId.clear()
    this.#idOf.clear()
  }
}
