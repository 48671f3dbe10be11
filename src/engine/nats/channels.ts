import { Buffer } from 'node:buffer'
import type { ChannelListener, EngineChannels, EngineFacts } from '../engine.ts'
import { engineErrors } from '../errors.ts'
import type { NatsLink } from './link.ts'
import type { Subscriptions } from './subscriptions.ts'

/** The channels of the engine: each is a subject. */
export class NatsChannels implements EngineChannels {
  readonly #link: NatsLink
  readonly #subscriptions: Subscriptions
  readonly #facts: EngineFacts

  constructor (link: NatsLink, subscriptions: Subscriptions, facts: EngineFacts) {
    this.#link = link
    this.#subscriptions = subscriptions
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
    const { subjects } = this.#link
    return await this.#subscriptions.add(subjects.channel(channel), ({ subject, data }) => listener(data, subjects.channelOf(subject)))
  }
}
