import type { Body } from './body.ts'
import { EncodedFrame, FrameEnd, headerLines } from './encoding.ts'
import { headerRulesFor } from './escaping.ts'
import type { FrameHeaders } from './headers.ts'
import type { Version } from './versions.ts'

/** The headers that differ between deliveries. A publisher cannot set them for its receivers (STOMP-M5). */
const PER_DELIVERY: ReadonlySet<string> = new Set(['content-length', 'subscription', 'ack', 'redelivered'])

/**
 * One MESSAGE for many subscribers. Only the headers of a delivery differ between them, so they stand first.
 *
 * The rest is encoded once for each version.
 */
export class MessageEncoding {
  readonly #headers: FrameHeaders
  readonly #body: Body
  readonly #ends: { [V in Version]?: FrameEnd } = {}

  constructor (headers: FrameHeaders, body: Body) {
    this.#headers = headers
    this.#body = body
  }

  /**
   * Makes the frame of a delivery. Its own headers are `subscription`, and `ack` if the client acknowledges (STOMP-M3).
   *
   * They stand first, because the first of repeated headers counts (STOMP-F9).
   */
  frame (own: Iterable<readonly [name: string, value: string]>, version: Version): EncodedFrame {
    const rules = headerRulesFor('MESSAGE', version)
    const end = this.#ends[version] ??= new FrameEnd(headerLines(this.#headers, rules, PER_DELIVERY), this.#body)
    return new EncodedFrame('MESSAGE\n' + headerLines(own, rules), end)
  }
}
