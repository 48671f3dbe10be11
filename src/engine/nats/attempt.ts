import type { NatsConnection, NatsSubscription } from './connection.ts'
import type { Subjects } from './subjects.ts'

/**
 * One try of this node to claim a key.
 *
 * The node subscribes to all tries for the key, then announces its own, and then asks for the owner. It owns the key if no other announcement has
 * arrived by the time at which the server has its subscription to the key itself. Of two nodes that try at once, at least one receives the
 * announcement of the other or is answered by it, because both subscribe before they announce. Such a node gives its try up, so that never both succeed.
 */
export class Attempt {
  /** Resolves when the try has ended. */
  readonly ended: Promise<void>
  /** The other node that tries to claim the key, with the lowest id if there are several. */
  rival: string | null = null
  /** The subjects for answers to nodes that have asked for the owner before it was sure. */
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
