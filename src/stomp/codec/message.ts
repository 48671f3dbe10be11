import type { Body } from './body.ts'
import { EncodedFrame, FrameEnd, headerLines } from './encoding.ts'
import { escapeValue, type HeaderRules, headerRulesFor } from './escaping.ts'
import type { Version } from './versions.ts'

/** The headers that the server sets. A publisher cannot set them for its receivers (STOMP-M5). */
const OF_THE_SERVER: ReadonlySet<string> = new Set(['destination', 'message-id', 'content-length', 'subscription', 'ack', 'redelivered'])

/** Remembers the last text that was made of a value. */
class LastLines {
  readonly #make: (value: string, rules: HeaderRules) => string
  #value: string | undefined
  #rules: HeaderRules | undefined
  #text = ''

  constructor (make: (value: string, rules: HeaderRules) => string) {
    this.#make = make
  }

  of (value: string, rules: HeaderRules): string {
    if (this.#value !== value || this.#rules !== rules) {
      this.#text = this.#make(value, rules)
      this.#value = value
      this.#rules = rules
    }
    return this.#text
  }
}

/**
 * The lines of the last MESSAGE, because a message mostly goes where the one before it went. A server has one.
 *
 * With them, an echo needs half of the pieces of text, and one look for characters to escape in place of three.
 */
export class MessageLines {
  readonly #front = new LastLines((id, rules) => 'MESSAGE\nsubscription:' + escapeValue(id, rules) + '\n')
  readonly #source = new LastLines((destination, rules) => 'destination:' + escapeValue(destination, rules) + '\nmessage-id:')

  /** Makes the first lines for a subscription. */
  front (id: string, rules: HeaderRules): string { return this.#front.of(id, rules) }
  /** Makes the lines from the destination up to the id of the message. */
  source (destination: string, rules: HeaderRules): string { return this.#source.of(destination, rules) }
}

/**
 * One MESSAGE for many subscribers. Only the headers of a delivery differ between them, so they stand first.
 *
 * The rest is encoded once for each version.
 */
export class MessageEncoding {
  readonly #destination: string
  readonly #id: string
  readonly #headers: Iterable<readonly [name: string, value: string]>
  readonly #body: Body
  readonly #ends: { [V in Version]?: FrameEnd } = {}

  /** `headers` are those of the publisher. */
  constructor (destination: string, id: string, headers: Iterable<readonly [name: string, value: string]>, body: Body) {
    this.#destination = destination
    this.#id = id
    this.#headers = headers
    this.#body = body
  }

  /**
   * Makes the frame of a delivery. Its own headers are `subscription`, and `ack` if the client acknowledges (STOMP-M3).
   *
   * They stand first, because the first of repeated headers counts (STOMP-F9).
   */
  frame (own: Iterable<readonly [name: string, value: string]>, version: Version, lines: MessageLines): EncodedFrame {
    const rules = headerRulesFor('MESSAGE', version)
    return new EncodedFrame('MESSAGE\n' + headerLines(own, rules), this.#end(version, rules, lines))
  }

  /** Makes the frame for a subscription in `auto` mode. Its id is `undefined` if a client of 1.0 gave none (STOMP-S5). */
  shared (id: string | undefined, version: Version, lines: MessageLines): EncodedFrame {
    const rules = headerRulesFor('MESSAGE', version)
    return new EncodedFrame(id === undefined ? 'MESSAGE\n' : lines.front(id, rules), this.#end(version, rules, lines))
  }

  #end (version: Version, rules: HeaderRules, lines: MessageLines): FrameEnd {
    this.#ends[version] ??= new FrameEnd(this.#lines(rules, lines), this.#body)
    return this.#ends[version]
  }

  #lines (rules: HeaderRules, lines: MessageLines): string {
    return lines.source(this.#destination, rules) + escapeValue(this.#id, rules) + '\n' + headerLines(this.#headers, rules, OF_THE_SERVER)
  }
}
