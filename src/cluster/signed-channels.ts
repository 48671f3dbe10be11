import { createHmac, timingSafeEqual } from 'node:crypto'
import type { ChannelListener, EngineChannels } from '../engine/engine.ts'

/** The bytes that a signature adds to a publication. */
export const SIGNATURE = 16

/** Signs each publication with the secret, and drops publications whose signature does not fit. */
export class SignedChannels implements EngineChannels {
  readonly #channels: EngineChannels
  readonly #secret: string
  readonly #refused: (channel: string) => void

  /** @param refused is told of each dropped publication */
  constructor (channels: EngineChannels, secret: string, refused: (channel: string) => void) {
    this.#channels = channels
    this.#secret = secret
    this.#refused = refused
  }

  publish (channel: string, data: Uint8Array): void {
    this.#channels.publish(channel, Buffer.concat([data, this.#sign(channel, data)]))
  }

  flushed (): Promise<void> { return this.#channels.flushed() }

  subscribe (channel: string, listener: ChannelListener): Promise<() => void> {
    return this.#channels.subscribe(channel, (signed, channel) => {
      const end = signed.byteLength - SIGNATURE
      const data = signed.subarray(0, Math.max(end, 0))
      if (end >= 0 && timingSafeEqual(this.#sign(channel, data), signed.subarray(end))) listener(data, channel)
      else this.#refused(channel)
    })
  }

  /** The name of the channel is signed too, so that a publication cannot be moved to another channel. */
  #sign (channel: string, data: Uint8Array): Uint8Array {
    return createHmac('sha256', this.#secret).update(`${channel}\0`).update(data).digest().subarray(0, SIGNATURE)
  }
}
