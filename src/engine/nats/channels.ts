import { Buffer } from 'node:buffer'
import type { ChannelListener, EngineChannels, EngineFacts } from '../engine.ts'
import { engineErrors } from '../errors.ts'
import type { NatsConnection, NatsSubscription } from './connection.ts'
import type { NatsLink, Subscriber } from './link.ts'

/** One listener of a channel. The subscription is another one after every new connection. */
interface Listening {
  readonly channel: string
  readonly listener: ChannelListener
  subscription: NatsSubscription | null
}

/** The channels of the engine: each is a subject. */
export class NatsChannels implements EngineChannels, Subscriber {
  readonly #link: NatsLink
  readonly #facts: EngineFacts
  readonly #listening = new Set<Listening>()

  constructor (link: NatsLink, facts: EngineFacts) {
    this.#link = link
    this.#facts = facts
  }

  publish (channel: string, data: Uint8Array): void {
    // The client would keep publications without a bound while it connects again.
    if (!this.#link.available) return
    if (data.byteLength > this.#facts.maxPayload) throw new engineErrors.TooLarge(data.byteLength, this.#facts.maxPayload)
    // The client reads the bytes in a later microtask, and the sender may use its buffer again.
    this.#link.send(this.#link.subjects.channel(channel), Buffer.from(data))
  }

  async flushed (): Promise<void> { await this.#link.flushed() }

  async subscribe (channel: string, listener: ChannelListener): Promise<() => void> {
    const listening: Listening = { channel, listener, subscription: null }
    this.#listening.add(listening)
    const { connection } = this.#link
    if (connection !== null) this.#subscribe(connection, listening)
    await this.#begun()
    return () => {
      if (this.#listening.delete(listening)) listening.subscription?.unsubscribe()
    }
  }

  // --- for the link --------------------------------------------------------------------------------------------

  subscribeAll (connection: NatsConnection): void {
    for (const listening of this.#listening) this.#subscribe(connection, listening)
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

  #subscribe (connection: NatsConnection, listening: Listening): void {
    const { subjects } = this.#link
    listening.subscription = connection.subscribe(subjects.channel(listening.channel), {
      callback: (error, { subject, data }) => {
        if (error === null) listening.listener(data, subjects.channelOf(subject))
      }
    })
  }
}
