import type { NatsConnection, NatsSubscription } from './connection.ts'
import type { Subjects } from './subjects.ts'

/**
 * One try of this node to claim a key.
 *
 * The node listens to the other tries for the key before it announces its own and asks for the owner. It owns the key if it has heard of no other
 * try until the server had its subscription to the key. Of two nodes that try at once, at least one hears the other or finds its subscription,
 * because each listens first and speaks then. A node that hears another one gives its try up, so that never both succeed.
 */
export class Attempt {
  /** Resolves when the try has ended. */
  readonly ended: Promise<void>
  /** The other node that tries to claim the key, with the lowest id if there are several. */
  rival: string | null = null
  /** Where to answer nodes that have asked for the owner before it was sure. */
  readonly askers: string[] = []
  readonly #connection: NatsConnection
  readonly #subject: string
  readonly #node: Uint8Array
  readonly #subscription: NatsSubscription
  #end!: () => void

  constructor (connection: NatsConnection, subjects: Subjects, key: string, node: Uint8Array) {
    this.#connection = connection
    this.#subject = subjects.attempt(key)
    this.#node = node
    const own = String.fromCharCode(...node)
    this.ended = new Promise((resolve) => { this.#end = resolve })
    this.#subscription = connection.subscribe(this.#subject, {
      callback: (error, { data }) => {
        const other = error === null ? String.fromCharCode(...data) : own
        if (other !== own) this.hear(other)
      }
    })
  }

  /** Tells the other nodes that this one tries. */
  announce (): void { this.#connection.publish(this.#subject, this.#node) }

  hear (other: string): void {
    if (this.rival === null || other < this.rival) this.rival = other
  }

  end (): void {
    this.#subscription.unsubscribe()
    this.#end()
  }
}
