/** What the functions that build frames take for headers. */
export type HeadersLike = Iterable<readonly [name: string, value: string]> | Readonly<Record<string, string>>

/**
 * Header names and values in the order they came. A Map, because names are the peer's own choice and `__proto__`
 * must be a name like any other (SEC-S60).
 */
export class FrameHeaders extends Map<string, string> {
  /** Headers from a list or an object; of repeated names the first counts (STOMP-F9). */
  static from (headers: HeadersLike): FrameHeaders {
    if (headers instanceof FrameHeaders) return headers
    const entries = Symbol.iterator in headers ? headers as Iterable<readonly [string, string]> : Object.entries(headers)
    const collected = new FrameHeaders()
    for (const [name, value] of entries) collected.add(name, value)
    return collected
  }

  /** Adds a header unless there is one of that name: the first of repeated headers wins (STOMP-F9). */
  add (name: string, value: string): this {
    return this.has(name) ? this : this.set(name, value)
  }

  /** The headers as a STOMP 1.0 peer means them, without the spaces around names and values (STOMP-F8). */
  trimmed (): FrameHeaders {
    const trimmed = new FrameHeaders()
    for (const [name, value] of this) trimmed.add(name.trim(), value.trim())
    return trimmed
  }
}
