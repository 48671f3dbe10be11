import type { Body } from './body.ts'
import { EncodedFrame, FrameEnd, headerLines } from './encoding.ts'
import { escapeValue, type HeaderRules, headerRulesFor } from './escaping.ts'
import type { Version } from './versions.ts'

/** The headers that the server sets. A publisher cannot set them for its receivers (STOMP-M5). */
const OF_THE_SERVER: ReadonlySet<string> = new Set(['destination', 'message-id', 'content-length', 'subscription', 'ack', 'redelivered'])

/**
 * Remembers the last text that `make` has made of a value, for all sessions of the process.
 *
 * A message mostly goes where the one before it went. With these lines remembered, an echo needs half of the pieces of text, and one look for
 * characters to escape in place of three.
 */
function remembered (make: (value: string, rules: HeaderRules) => string): (value: string, rules: HeaderRules) => string {
  let lastValue: string | undefined
  let lastRules: HeaderRules | undefined
  let text = ''
  return (value, rules) => {
    if (lastValue !== value || lastRules !== rules) {
      text = make(value, rules)
      lastValue = value
      lastRules = rules
    }
    return text
  }
}

/** Makes the first lines for a subscription. */
const frontOf = remembered((id, rules) => 'MESSAGE\nsubscription:' + escapeValue(id, rules) + '\n')

/** Makes the lines from the destination up to the id of the message. */
const sourceOf = remembered((destination, rules) => 'destination:' + escapeValue(destination, rules) + '\nmessage-id:')

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
  frame (own: Iterable<readonly [name: string, value: string]>, version: Version): EncodedFrame {
    const rules = headerRulesFor('MESSAGE', version)
    return new EncodedFrame('MESSAGE\n' + headerLines(own, rules), this.#end(version, rules))
  }

  /** Makes the frame for a subscription in `auto` mode. Its id is `undefined` if a client of 1.0 gave none (STOMP-S5). */
  shared (id: string | undefined, version: Version): EncodedFrame {
    const rules = headerRulesFor('MESSAGE', version)
    return new EncodedFrame(id === undefined ? 'MESSAGE\n' : frontOf(id, rules), this.#end(version, rules))
  }

  #end (version: Version, rules: HeaderRules): FrameEnd {
    this.#ends[version] ??= new FrameEnd(this.#lines(rules), this.#body)
    return this.#ends[version]
  }

  #lines (rules: HeaderRules): string {
    return sourceOf(this.#destination, rules) + escapeValue(this.#id, rules) + '\n' + headerLines(this.#headers, rules, OF_THE_SERVER)
  }
}
