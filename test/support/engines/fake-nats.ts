import { EventEmitter, on } from 'node:events'
import { matchesChannel } from '../../../src/engine/patterns.ts'
import type { NatsConnection, NatsMessage, NatsStatus, NatsSubscription } from '../../../src/engine/nats/connection.ts'

type Callback = (error: Error | null, message: NatsMessage) => void

/** A connection to a server that has no other client, for tests that need no server. */
export class FakeConnection implements NatsConnection {
  info = { server_id: 'server', max_payload: 1000, headers: true }
  /** The subjects that were published to, in order. */
  readonly published: string[] = []
  /** Emits `status`. */
  readonly events = new EventEmitter()
  flushes = 0
  /** True if the server answers nothing. */
  silent = false
  readonly #subscriptions = new Map<NatsSubscription, { readonly pattern: string, readonly callback: Callback }>()
  #closed = false
  #close!: () => void
  readonly #ended = new Promise<void>((resolve) => { this.#close = resolve })

  publish (subject: string, data: Uint8Array = new Uint8Array(0), { reply = '' } = {}): void {
    this.published.push(subject)
    const heard = this.#deliver(subject, { subject, data, reply })
    if (!heard && reply !== '') this.#deliver(reply, { subject: reply, data: new Uint8Array(0), headers: { code: 503, get: () => '' } })
  }

  subscribe (pattern: string, { callback }: { callback: Callback }): NatsSubscription {
    const unsubscribe = (): void => { this.#subscriptions.delete(subscription) }
    const subscription: NatsSubscription = { unsubscribe, drain: async () => unsubscribe() }
    this.#subscriptions.set(subscription, { pattern, callback })
    return subscription
  }

  async flush (): Promise<void> {
    this.flushes++
    if (this.silent) await new Promise(() => {})
  }

  isClosed (): boolean { return this.#closed }

  async close (): Promise<void> {
    this.#closed = true
    this.#close()
  }

  closed (): Promise<void> { return this.#ended }

  async * status (): AsyncIterable<NatsStatus> {
    for await (const [status] of on(this.events, 'status')) yield status as NatsStatus
  }

  #deliver (subject: string, message: NatsMessage): boolean {
    const listening = [...this.#subscriptions.values()].filter(({ pattern }) => matchesChannel(pattern, subject))
    for (const { callback } of listening) queueMicrotask(() => callback(null, message))
    return listening.length > 0
  }
}
