import { wordsOf } from './calls.ts'
import type { Connection } from './client.ts'

/** The owner of links. */
export interface LinkOwner {
  /** A link is ready for commands. */
  linkReady (): void
  /** A link is lost, or a try to connect has failed. */
  linkLost (link: Link, reason: string): void
  /** The client has given up. It makes no further try. */
  linkEnded (link: Link, reason: string): void
  /** Redis, or the way to it, has refused a connection. */
  linkRefused (words: string): void
}

/** One connection of the engine, and its state as its events tell it. */
export class Link {
  readonly connection: Connection
  /** True between the events `ready` and `close`. */
  ready = false
  readonly #owner: LinkOwner
  #reason = 'the connection was closed'
  #closed = false

  constructor (connection: Connection, owner: LinkOwner) {
    this.connection = connection
    this.#owner = owner
    connection.on('ready', () => this.#isReady())
    connection.on('close', () => this.#isLost())
    connection.on('end', () => this.#hasEnded())
    connection.on('error', (error: Error) => this.#hasFailed(error))
    // In a Redis Cluster the connections to single servers are apart.
    connection.on('node error', (error: Error) => this.#hasFailed(error))
    connection.on('-node', () => { if (this.ready) this.#tell('a server of the Redis Cluster has left') })
  }

  open (): void {
    // The events tell the same.
    this.connection.connect().catch(() => {})
  }

  /** Ends the connection. It tells nothing from then on. */
  close (): void {
    this.#closed = true
    this.ready = false
    this.connection.disconnect()
  }

  /** Connects again, because the connection does not work. */
  renew (reason: string): void {
    this.ready = false
    this.#reason = reason
    this.connection.disconnect(true)
  }

  #isReady (): void {
    if (this.#closed) return
    this.ready = true
    this.#reason = 'the connection was closed'
    this.#owner.linkReady()
  }

  #isLost (): void {
    this.ready = false
    this.#tell(this.#reason)
  }

  #hasEnded (): void {
    this.ready = false
    if (!this.#closed) this.#owner.linkEnded(this, this.#reason)
  }

  #hasFailed (error: Error): void {
    this.#reason = wordsOf(error)
    if (!this.#closed) this.#owner.linkRefused(this.#reason)
  }

  #tell (reason: string): void {
    if (!this.#closed) this.#owner.linkLost(this, reason)
  }
}
