import { type DestinationRules, kindOf } from '../../../destinations.ts'
import type { BrokerDialect } from '../dialects/dialect.ts'

/** Names that are remembered; the oldest go first. */
const KEPT = 1000

/** Longer names are refused anyway, and must not fill the memory. */
const LONGEST = 255

/** Destinations in the broker's form. Each is worked out once, though the session asks before it publishes. */
export class Names {
  readonly #dialect: BrokerDialect
  readonly #rules: DestinationRules
  readonly #known = { send: new Map<string, string>(), subscribe: new Map<string, string>() }

  constructor (dialect: BrokerDialect, rules: DestinationRules) {
    this.#dialect = dialect
    this.#rules = rules
  }

  /** True if a client may name it. A name that does not come back is the broker's own, or our processes use it among themselves. */
  served (name: string, what: 'send' | 'subscribe'): boolean {
    if (this.#known[what].has(name)) return true
    if (kindOf(name, this.#rules.prefixes) === undefined) return false
    const theirs = this.#dialect.toBroker(name, what)
    if (this.#dialect.fromBroker(theirs) === null) return false
    this.#remember(name, what, theirs)
    return true
  }

  /** The broker's form. */
  toBroker (name: string, what: 'send' | 'subscribe'): string { return this.#known[what].get(name) ?? this.#dialect.toBroker(name, what) }

  #remember (name: string, what: 'send' | 'subscribe', theirs: string): void {
    if (name.length > LONGEST) return
    const known = this.#known[what]
    if (known.size >= KEPT) known.delete(known.keys().next().value!)
    known.set(name, theirs)
  }
}
