/** The headers that the functions that build frames accept. */
export type HeadersLike = Iterable<readonly [name: string, value: string]> | Readonly<Record<string, string>>

/**
 * Header names and values in the order in which they came. It is a Map, because the peer chooses the names, and
 * `__proto__` must be a name like any other (SEC-S60).
 */
export class FrameHeaders extends Map<string, string> {
  /**
   * @internal The facts that a reader has found in these headers. Frames with the same head share their headers, so that the facts are found once.
   */
  facts: unknown = undefined

  /** Makes headers from a list or an object. The first of repeated names counts (STOMP-F9). */
  static from (headers: HeadersLike): FrameHeaders {
    if (headers instanceof FrameHeaders) return headers
    const entries = Symbol.iterator in headers ? headers as Iterable<readonly [string, string]> : Object.entries(headers)
    const collected = new FrameHeaders()
    for (const [name, value] of entries) collected.add(name, value)
    return collected
  }

  /** Adds a header unless there is one of that name, because the first of repeated headers counts (STOMP-F9). */
  add (name: string, value: string): this {
    return this.has(name) ? this : this.set(name, value)
  }

  /** Makes headers of the same names and values, which can be changed apart. It takes half the time of `new FrameHeaders(this)`. */
  copy (): FrameHeaders {
    const copy = new FrameHeaders()
    for (const [name, value] of this) copy.set(name, value)
    return copy
  }

  /** The headers as a STOMP 1.0 peer means them, without the spaces around names and values (STOMP-F8). */
  trimmed (): FrameHeaders {
    const trimmed = new FrameHeaders()
    for (const [name, value] of this) trimmed.add(name.trim(), value.trim())
    return trimmed
  }
}
