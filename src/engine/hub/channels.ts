import type { ChannelListener, EngineChannels, EngineLog } from '../engine.ts'
import { engineErrors } from '../errors.ts'
import type { HubConnection, HubListener } from './connection.ts'
import { Routes } from './routes.ts'
import { MAX_PAYLOAD, OP } from './wire.ts'

/** One subscription of this node. The object tells two subscriptions with one listener apart. */
interface Subscription {
  readonly listener: ChannelListener
}

/** The channels of one node at the hub. The hub sends each publication once to a node, and the node finds its listeners. */
export class HubChannels implements EngineChannels, HubListener {
  readonly #connection: HubConnection
  readonly #routes = new Routes<Subscription>()

  constructor (connection: HubConnection) {
    this.#connection = connection
  }

  publish (channel: string, data: Uint8Array): void {
    if (data.byteLength > MAX_PAYLOAD) throw new engineErrors.TooLarge(data.byteLength, MAX_PAYLOAD)
    if (this.#connection.available) this.#connection.out!.publication(channel, data)
  }

  async flushed (): Promise<void> {
    await this.#connection.request(OP.ping, '')
  }

  async subscribe (channel: string, listener: ChannelListener): Promise<() => void> {
    const subscription = { listener }
    if (this.#routes.add(channel, subscription)) this.#connection.out?.text(OP.subscribe, channel)
    // If the line closes first, the hub has the subscription before the engine is available again.
    await this.#connection.request(OP.ping, '').catch(() => {})
    return () => {
      if (this.#routes.delete(channel, subscription)) this.#connection.out?.text(OP.unsubscribe, channel)
    }
  }

  async restore (): Promise<void> {
    for (const channel of this.#routes.channels) this.#connection.out!.text(OP.subscribe, channel)
    await this.#connection.request(OP.ping, '')
  }

  arrive (channel: string, data: Uint8Array, log: EngineLog): void {
    for (const { listener } of this.#routes.find(channel)) {
      try {
        listener(data, channel)
      } catch (err) {
        log.error({ err, channel }, 'a listener of the engine threw an error')
      }
    }
  }
}
