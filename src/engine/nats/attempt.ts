import { Buffer } from 'node:buffer'
import type { NatsSubscription } from './connection.ts'
import type { NatsLink } from './link.ts'

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
  readonly #link: NatsLink
  readonly #subject: string
  readonly #subscription: NatsSubscription
  #end!: () => void

  constructor (link: NatsLink, key: string) {
    this.#link = link
    this.#subject = link.subjects.attempt(key)
    const { node } = link.context
    this.ended = new Promise((resolve) => { this.#end = resolve })
    this.#subscription = link.open().subscribe(this.#subject, {
      callback: (error, { data }) => {
        const other = error === null ? String.fromCharCode(...data) : node
        if (other !== node) this.hear(other)
      }
    })
  }

  /** Tells the other nodes that this one tries. */
  announce (): void { this.#link.send(this.#subject, Buffer.from(this.#link.context.node, 'latin1')) }

  hear (other: string): void {
    if (this.rival === null || other < this.rival) this.rival = other
  }

  end (): void {
    this.#subscription.unsubscribe()
    this.#end()
  }
}
