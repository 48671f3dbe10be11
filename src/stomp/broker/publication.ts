import type { Message } from '../../stream/message-stream.ts'
import { PreparedMessage } from '../../stream/prepared-message.ts'
import { type Body, FrameHeaders, MessageEncoding, type MessageLines, type Version } from '../codec/index.ts'

/**
 * The most forms that one message keeps. More are made, but not kept.
 *
 * Clients count `sub-0`, `sub-1` and so on, so thousands of subscribers use a few ids. There is room for 64 of them, as text and as bytes.
 */
const KEPT_MESSAGES = 128

/** The headers of most messages. The profile of an echo showed 5 % in the constructor, which copied an empty Map. */
const NO_HEADERS: readonly (readonly [name: string, value: string])[] = []

/** The octets of a message besides its texts: the names `destination` and `message-id`, and the objects. */
const OVERHEAD = 149

/**
 * One message on its way to any number of subscribers. It is encoded once for each version, and once more for each
 * subscription id. All subscribers with the same id share one form.
 */
export class Publication {
  /** The destination, as the publisher wrote it. */
  readonly destination: string
  /** An id that is unique in this process, made of letters, digits, `_` and `-` (STOMP-M2). */
  readonly id: string
  /** The body, text or bytes. */
  readonly body: Body
  readonly #given: readonly (readonly [name: string, value: string])[]
  #headers: FrameHeaders | undefined
  #encoding: MessageEncoding | undefined
  /** The form of the first subscriber. Most messages have no other. */
  #first: Form | undefined
  #others: Map<string, PreparedMessage> | undefined

  /**
   * Makes the publication of a message.
   *
   * @param id is unique in this process, and is made of letters, digits, `_` and `-`
   * @param headers are the headers of the user, without the reserved ones
   */
  constructor (destination: string, id: string, headers: Iterable<readonly [string, string]>, body: Body) {
    this.destination = destination
    this.id = id
    this.#given = headers instanceof FrameHeaders && headers.size === 0 ? NO_HEADERS : [...headers]
    this.body = body
  }

  /** The headers of the MESSAGE that all deliveries share. `subscription`, `ack` and `redelivered` are not among them. */
  get headers (): FrameHeaders {
    // They are made when they are first asked for, because most messages are only encoded.
    this.#headers ??= FrameHeaders.from([['destination', this.destination], ['message-id', this.id], ...this.#given])
    return this.#headers
  }

  /** The octets that the message keeps in memory while it waits. */
  get size (): number {
    let size = this.body.length + this.destination.length + this.id.length + OVERHEAD
    for (const [name, value] of this.#given) size += name.length + value.length
    return size
  }

  /**
   * Makes the MESSAGE that all subscribers with this id and version share. `asBytes` is for streams that take bytes.
   *
   * The first subscriber gets the data alone, because a message for one needs no shared forms.
   *
   * @internal
   */
  forSubscription (id: string | undefined, version: Version, asBytes: boolean, lines: MessageLines): Message | PreparedMessage {
    const first = this.#first
    if (first === undefined) {
      this.#first = new Form(id, version, asBytes, this.#encode(id, version, asBytes, lines))
      return this.#first.data
    }
    return first.fits(id, version, asBytes) ? first.shared : this.#other(id, version, asBytes, lines)
  }

  /**
   * Makes the MESSAGE of one delivery, with headers of its own.
   *
   * @internal
   */
  forDelivery (own: Iterable<readonly [string, string]>, version: Version, asBytes: boolean, lines: MessageLines): string | Uint8Array {
    const encoded = this.#encoded.frame(own, version, lines)
    return asBytes ? encoded.bytes : encoded.text
  }

  get #encoded (): MessageEncoding {
    this.#encoding ??= new MessageEncoding(this.destination, this.id, this.#given, this.body)
    return this.#encoding
  }

  /** Drops the encoded forms, so that a history keeps only the message. */
  forgetForms (): void {
    this.#encoding = this.#first = this.#others = undefined
  }

  #other (id: string | undefined, version: Version, asBytes: boolean, lines: MessageLines): PreparedMessage {
    const others = this.#others ??= new Map()
    const key = `${version}${asBytes ? 'b' : 't'}${id ?? ''}`
    let message = others.get(key)
    if (message === undefined) {
      message = new PreparedMessage(this.#encode(id, version, asBytes, lines))
      if (others.size < KEPT_MESSAGES) others.set(key, message)
    }
    return message
  }

  #encode (id: string | undefined, version: Version, asBytes: boolean, lines: MessageLines): Message {
    const encoded = this.#encoded.shared(id, version, lines)
    return asBytes ? encoded.bytes : encoded.text
  }
}

/** The form for one subscription id. */
class Form {
  readonly #id: string | undefined
  readonly #version: Version
  readonly #asBytes: boolean
  readonly data: Message
  #shared: PreparedMessage | undefined

  constructor (id: string | undefined, version: Version, asBytes: boolean, data: Message) {
    this.#id = id
    this.#version = version
    this.#asBytes = asBytes
    this.data = data
  }

  fits (id: string | undefined, version: Version, asBytes: boolean): boolean {
    return this.#id === id && this.#version === version && this.#asBytes === asBytes
  }

  /** The form as all subscribers but the first get it. */
  get shared (): PreparedMessage {
    this.#shared ??= new PreparedMessage(this.data)
    return this.#shared
  }
}
