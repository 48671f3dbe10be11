import type { Body } from './body.ts'
import { EncodedFrame, FrameEnd, headerLines } from './encoding.ts'
import { dialectFor } from './escaping.ts'
import type { FrameHeaders } from './headers.ts'
import type { Version } from './versions.ts'

/** Headers that differ from one delivery to the next; a publisher's own are never shared (STOMP-M5). */
const PER_DELIVERY: ReadonlySet<string> = new Set(['content-length', 'subscription', 'ack', 'redelivered'])

/** Clients count `sub-0`, `sub-1`, ...: few ids serve thousands. Past so many, encodings are made and not kept. */
const KEPT_ENCODINGS = 64

interface Rendering {
  readonly end: FrameEnd
  readonly bySubscription: Map<string | undefined, EncodedFrame>
}

/**
 * One MESSAGE for many subscribers. Only `subscription` differs between them, so it stands first and all the rest
 * is encoded once for each version.
 */
export class MessageEncoding {
  readonly #headers: FrameHeaders
  readonly #body: Body
  readonly #renderings = new Map<Version, Rendering>()

  constructor (headers: FrameHeaders, body: Body) {
    this.#headers = headers
    this.#body = body
  }

  /** Shared by everybody who subscribed with the same id; a 1.0 client may have given none (STOMP-M2). */
  forSubscription (id: string | undefined, version: Version): EncodedFrame {
    const { end, bySubscription } = this.#rendering(version)
    let encoded = bySubscription.get(id)
    if (encoded === undefined) {
      encoded = new EncodedFrame(front(id === undefined ? [] : [['subscription', id]], version), end)
      if (bySubscription.size < KEPT_ENCODINGS) bySubscription.set(id, encoded)
    }
    return encoded
  }

  /** For one delivery with headers of its own, such as `ack` (STOMP-M3); only the end is shared. */
  forDelivery (own: Iterable<readonly [name: string, value: string]>, version: Version): EncodedFrame {
    return new EncodedFrame(front(own, version), this.#rendering(version).end)
  }

  #rendering (version: Version): Rendering {
    let rendering = this.#renderings.get(version)
    if (rendering === undefined) {
      const lines = headerLines(this.#headers, dialectFor('MESSAGE', version), PER_DELIVERY)
      rendering = { end: new FrameEnd(lines, this.#body), bySubscription: new Map() }
      this.#renderings.set(version, rendering)
    }
    return rendering
  }
}

export function encodeMessage ({ headers, body }: { readonly headers: FrameHeaders, readonly body: Body }): MessageEncoding {
  return new MessageEncoding(headers, body)
}

/** What stands before the shared part. It comes first because the first of repeated headers wins (STOMP-F9). */
function front (own: Iterable<readonly [name: string, value: string]>, version: Version): string {
  return 'MESSAGE\n' + headerLines(own, dialectFor('MESSAGE', version))
}
