import { PreparedMessage } from '../../protocol/index.ts'
import { type Body, encodeMessage, FrameHeaders, type MessageEncoding, type Version } from '../codec/index.ts'

/** Subscription ids whose messages are kept: clients count `sub-0`, `sub-1`, …, so few ids serve thousands. */
const KEPT_MESSAGES = 64

/**
 * One message on its way to any number of subscribers. It is encoded once for each version, and once more for each
 * subscription id; what goes to a stream is shared by all subscribers that gave the same id.
 */
export class Publication {
  readonly destination: string
  /** Unique in this process, made of letters, digits, `_` and `-` (STOMP-M2). */
  readonly id: string
  /** All headers of the MESSAGE but those of one delivery (`subscription`, `ack`, `redelivered`). */
  readonly headers: FrameHeaders
  readonly body: Body
  #encoding: MessageEncoding | undefined
  #prepared: Map<string, PreparedMessage> | undefined

  /** `headers` are the user's: reserved ones must be gone already. */
  constructor (destination: string, id: string, headers: Iterable<readonly [string, string]>, body: Body) {
    this.destination = destination
    this.id = id
    // One by one: a subclass of Map takes an iterable at a third of this speed.
    this.headers = new FrameHeaders()
    this.headers.set('destination', destination).set('message-id', id)
    for (const [name, value] of headers) this.headers.set(name, value)
    this.body = body
  }

  /** Octets that it keeps in memory while it waits somewhere. */
  get size (): number {
    let size = this.body.length + 128
    for (const [name, value] of this.headers) size += name.length + value.length
    return size
  }

  /** The MESSAGE for everybody who subscribed with this id and has this version; `asBytes` for streams that take them. */
  forSubscription (id: string | undefined, version: Version, asBytes: boolean): PreparedMessage {
    const prepared = this.#prepared ??= new Map()
    const key = `${version}${asBytes ? 'b' : 't'}${id ?? ''}`
    let message = prepared.get(key)
    if (message === undefined) {
      const encoded = this.#encoded.forSubscription(id, version)
      message = new PreparedMessage(asBytes ? encoded.bytes : encoded.text)
      if (prepared.size < KEPT_MESSAGES) prepared.set(key, message)
    }
    return message
  }

  /** The MESSAGE of one delivery, with headers of its own. */
  forDelivery (own: Iterable<readonly [string, string]>, version: Version, asBytes: boolean): string | Uint8Array {
    const encoded = this.#encoded.forDelivery(own, version)
    return asBytes ? encoded.bytes : encoded.text
  }

  /** Lets go of what was encoded: a history keeps the message, and not every form that it ever had. */
  forgetForms (): void {
    this.#encoding = this.#prepared = undefined
  }

  get #encoded (): MessageEncoding {
    this.#encoding ??= encodeMessage({ headers: this.headers, body: this.body })
    return this.#encoding
  }
}
