import type { Body } from './body.ts'
import { EncodedFrame, FrameEnd, headerLines } from './encoding.ts'
import { headerRulesFor } from './escaping.ts'
import type { FrameHeaders } from './headers.ts'
import type { Version } from './versions.ts'

/** The headers that differ between deliveries. A publisher cannot set them for its receivers (STOMP-M5). */
const PER_DELIVERY: ReadonlySet<string> = new Set(['content-length', 'subscription', 'ack', 'redelivered'])

/**
 * The most encodings that one message keeps. More are made, but not kept.
 *
 * Clients count `sub-0`, `sub-1` and so on, so thousands of subscribers use a few ids.
 */
const KEPT_ENCODINGS = 64

interface Rendering {
  readonly end: FrameEnd
  readonly bySubscription: Map<string | undefined, EncodedFrame>
}

/**
 * One MESSAGE for many subscribers. Only `subscription` differs between them, so it stands first, and the rest is encoded
 * once for each version.
 */
export class MessageEncoding {
  readonly #headers: FrameHeaders
  readonly #body: Body
  readonly #renderings = new Map<Version, Rendering>()

  constructor (headers: FrameHeaders, body: Body) {
    this.#headers = headers
    this.#body = body
  }

  /** Makes the frame that all subscribers with one id share. A 1.0 client may have given no id (STOMP-M2). */
  forSubscription (id: string | undefined, version: Version): EncodedFrame {
    const { end, bySubscription } = this.#rendering(version)
    let encoded = bySubscription.get(id)
    if (encoded === undefined) {
      encoded = new EncodedFrame(front(id === undefined ? [] : [['subscription', id]], version), end)
      if (bySubscription.size < KEPT_ENCODINGS) bySubscription.set(id, encoded)
    }
    return encoded
  }

  /** Makes the frame of one delivery with headers of its own, such as `ack` (STOMP-M3). Only the end is shared. */
  forDelivery (own: Iterable<readonly [name: string, value: string]>, version: Version): EncodedFrame {
    return new EncodedFrame(front(own, version), this.#rendering(version).end)
  }

  #rendering (version: Version): Rendering {
    let rendering = this.#renderings.get(version)
    if (rendering === undefined) {
      const lines = headerLines(this.#headers, headerRulesFor('MESSAGE', version), PER_DELIVERY)
      rendering = { end: new FrameEnd(lines, this.#body), bySubscription: new Map() }
      this.#renderings.set(version, rendering)
    }
    return rendering
  }
}

export function encodeMessage ({ headers, body }: { readonly headers: FrameHeaders, readonly body: Body }): MessageEncoding {
  return new MessageEncoding(headers, body)
}

/** Writes the part before the shared end. It stands first, because the first of repeated headers counts (STOMP-F9). */
function front (own: Iterable<readonly [name: string, value: string]>, version: Version): string {
  return 'MESSAGE\n' + headerLines(own, headerRulesFor('MESSAGE', version))
}
