import { forgetOldest } from '../../../../core/forget-oldest.ts'
import { type DestinationRules, destinationKind } from '../../../destinations.ts'
import type { BrokerDialect } from '../dialects/dialect.ts'

/** The most names that are remembered. The oldest go first. */
const KEPT = 1000

/** The longest name that is remembered. Longer ones are refused anyway, and must not fill the memory. */
const LONGEST = 255

/** The destinations in the broker's form. Each is worked out once, though the session asks before it publishes. */
export class Names {
  readonly #dialect: BrokerDialect
  readonly #rules: DestinationRules
  readonly #known = { send: new Map<string, string>(), subscribe: new Map<string, string>() }

  constructor (dialect: BrokerDialect, rules: DestinationRules) {
    this.#dialect = dialect
    this.#rules = rules
  }

  /**
   * Tells whether a client may name a destination.
   *
   * A name that the dialect does not translate back belongs to the broker itself, or to the processes of the application.
   */
  served (name: string, what: 'send' | 'subscribe'): boolean {
    if (this.#known[what].has(name)) return true
    if (destinationKind(name, this.#rules.prefixes) === undefined) return false
    const theirs = this.#dialect.toBroker(name, what)
    if (this.#dialect.fromBroker(theirs) === null) return false
    this.#remember(name, what, theirs)
    return true
  }

  /** Returns the broker's form of a destination. */
  toBroker (name: string, what: 'send' | 'subscribe'): string { return this.#known[what].get(name) ?? this.#dialect.toBroker(name, what) }

  #remember (name: string, what: 'send' | 'subscribe', theirs: string): void {
    if (name.length > LONGEST) return
    const known = this.#known[what]
    known.set(name, theirs)
    forgetOldest(known, KEPT)
  }
}
