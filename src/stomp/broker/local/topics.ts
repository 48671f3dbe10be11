import { type Destination, hasWildcard, type Separator } from '../../destinations.ts'
import { PatternTrie } from '../../pattern-trie.ts'
import type { BrokerTopic } from '../inspection.ts'
import type { Publication } from '../publication.ts'

/** One subscription of a topic or of a pattern. */
export interface TopicSubscription {
  /** False from the moment at which it takes no message any more. */
  readonly live: boolean
  receive (publication: Publication): void
}

/** The subscriptions with the same name or pattern. */
export class Audience {
  readonly #subscriptions = new Set<TopicSubscription>()
  #list: readonly TopicSubscription[] | undefined

  get size (): number { return this.#subscriptions.size }

  add (subscription: TopicSubscription): void {
    this.#subscriptions.add(subscription)
    this.#list = undefined
  }

  delete (subscription: TopicSubscription): void {
    this.#subscriptions.delete(subscription)
    this.#list = undefined
  }

  /** The subscriptions. The list never changes, so that subscriptions may come and go during a delivery. */
  get list (): readonly TopicSubscription[] {
    this.#list ??= [...this.#subscriptions]
    return this.#list
  }
}

/**
 * The subscriptions of topics: exact names in a map, patterns in a trie.
 *
 * A destination without a subscription costs no memory (SEC-S30).
 */
export class Topics {
  readonly #exact = new Map<string, Audience>()
  readonly #patterns = new PatternTrie<Audience>()

  add ({ name, segments }: Destination, subscription: TopicSubscription): void {
    if (hasWildcard(segments)) {
      this.#patterns.open(segments, newAudience).add(subscription)
      return
    }
    let audience = this.#exact.get(name)
    if (audience === undefined) this.#exact.set(name, audience = newAudience())
    audience.add(subscription)
  }

  remove ({ name, segments }: Destination, subscription: TopicSubscription): void {
    const isPattern = hasWildcard(segments)
    const audience = isPattern ? this.#patterns.get(segments) : this.#exact.get(name)
    audience?.delete(subscription)
    if (audience === undefined || audience.size > 0) return
    if (isPattern) this.#patterns.delete(segments)
    else this.#exact.delete(name)
  }

  /** Finds the subscriptions that fit, as they are now. */
  audiences (destination: Destination): (readonly TopicSubscription[])[] {
    const found = this.#patterns.size === 0 ? [] : this.#patterns.match(destination.segments).map(listOf)
    const exact = this.#exact.get(destination.name)
    if (exact !== undefined) found.push(exact.list)
    return found
  }

  /** Lists the topics, then the patterns. `separator` stands between the segments of a pattern. */
  * inspect (separator: Separator): Iterable<BrokerTopic> {
    for (const [destination, { size }] of this.#exact) yield { destination, subscribers: size }
    for (const [[prefix, ...rest], { size }] of this.#patterns) yield { destination: `${prefix}/${rest.join(separator)}`, subscribers: size }
  }
}

/** Delivers to each subscription. It is a function of its own, so that the hot loop is compiled apart from work done once a message. */
export function deliverToAll (subscriptions: readonly TopicSubscription[], publication: Publication): void {
  for (let i = 0; i < subscriptions.length; i++) {
    const subscription = subscriptions[i]!
    if (subscription.live) subscription.receive(publication)
  }
}

function newAudience (): Audience { return new Audience() }
function listOf (audience: Audience): readonly TopicSubscription[] { return audience.list }
