import { createHmac, timingSafeEqual } from 'node:crypto'
import type { ChannelListener, EngineChannels } from '../engine/engine.ts'
import type { ClusterNode } from './node.ts'

/** The bytes of the id of a node, and of the number of its last beat. */
const ID = 16
const COUNT = 6
/** The bytes of the HMAC. */
const HMAC = 16
const SENDER = ID + COUNT

/** The bytes that a signature adds to a publication. */
export const SIGNATURE = SENDER + HMAC

/**
 * Signs each publication with the secret, and drops publications whose signature does not fit.
 *
 * The signature says who has signed, and after which beat. So a node drops publications that were recorded before it knew their sender.
 */
export class SignedChannels implements EngineChannels {
  readonly #node: ClusterNode
  readonly #channels: EngineChannels
  readonly #secret: string

  constructor (node: ClusterNode, secret: string) {
    this.#node = node
    this.#channels = node.engine.channels
    this.#secret = secret
  }

  publish (channel: string, data: Uint8Array): void {
    const end = data.byteLength
    const signed = Buffer.allocUnsafe(end + SIGNATURE)
    signed.set(data)
    signed.write(this.#node.id, end, ID, 'latin1')
    signed.writeUIntBE(this.#node.members.count, end + ID, COUNT)
    signed.set(this.#sign(channel, signed.subarray(0, end + SENDER)), end + SENDER)
    this.#channels.publish(channel, signed)
  }

  flushed (): Promise<void> { return this.#channels.flushed() }

  subscribe (channel: string, listener: ChannelListener): Promise<() => void> {
    const { id, names } = this.#node
    // Links number their batches, and the first greeting of a node comes before it is known.
    const isOwn = channel === names.node(id)
    return this.#channels.subscribe(channel, (data, channel) => {
      const signed = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
      const end = signed.length - SIGNATURE
      if (end < 0 || !timingSafeEqual(this.#sign(channel, signed.subarray(0, -HMAC)), signed.subarray(-HMAC))) this.#node.dropped('signature', channel)
      else if (isOwn || this.#isNew(signed, end)) listener(signed.subarray(0, end), channel)
    })
  }

  #isNew (signed: Buffer, end: number): boolean {
    const from = signed.toString('latin1', end, end + ID)
    if (this.#node.members.isNew(from, signed.readUIntBE(end + ID, COUNT))) return true
    this.#node.dropped('recorded', from)
    return false
  }

  /** The name of the channel is signed too, so that a publication cannot be moved to another channel. */
  #sign (channel: string, data: Uint8Array): Uint8Array {
    return createHmac('sha256', this.#secret).update(`${channel}\0`).update(data).digest().subarray(0, HMAC)
  }
}
