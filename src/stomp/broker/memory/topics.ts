import { type Destination, hasWildcard } from '../../destinations.ts'
import { PatternTrie } from '../../pattern-trie.ts'
import type { Publication } from '../publication.ts'

/** One subscription of a topic or of a pattern. */
export interface TopicMember {
  /** False from the moment at which it takes no message any more. */
  readonly live: boolean
  receive (publication: Publication): void
}

/** The subscriptions with the same name or pattern. */
class Audience {
  readonly #members = new Set<TopicMember>()
  #list: readonly TopicMember[] | undefined

  get size (): number { return this.#members.size }

  add (member: TopicMember): void {
    this.#members.add(member)
    this.#list = undefined
  }

  delete (member: TopicMember): void {
    this.#members.delete(member)
    this.#list = undefined
  }

  /** The members. The list never changes, so that members may come and go during a delivery. */
  get list (): readonly TopicMember[] {
    this.#list ??= [...this.#members]
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

  add ({ name, segments }: Destination, member: TopicMember): void {
    if (hasWildcard(segments)) {
      this.#patterns.open(segments, newAudience).add(member)
      return
    }
    let audience = this.#exact.get(name)
    if (audience === undefined) this.#exact.set(name, audience = newAudience())
    audience.add(member)
  }

  remove ({ name, segments }: Destination, member: TopicMember): void {
    const isPattern = hasWildcard(segments)
    const audience = isPattern ? this.#patterns.get(segments) : this.#exact.get(name)
    audience?.delete(member)
    if (audience === undefined || audience.size > 0) return
    if (isPattern) this.#patterns.delete(segments)
    else this.#exact.delete(name)
  }

  /** Finds the subscriptions that fit, as they are now. */
  audiences ({ name, segments }: Destination): (readonly TopicMember[])[] {
    const found = this.#patterns.size === 0 ? [] : this.#patterns.match(segments).map(listOf)
    const exact = this.#exact.get(name)
    if (exact !== undefined) found.push(exact.list)
    return found
  }
}

/** Delivers to each member. It is a function of its own, so that the hot loop is compiled apart from work done once a message. */
export function deliverTo (members: readonly TopicMember[], publication: Publication): void {
  for (let i = 0; i < members.length; i++) {
    const member = members[i]!
    if (member.live) member.receive(publication)
  }
}

function newAudience (): Audience { return new Audience() }
function listOf (audience: Audience): readonly TopicMember[] { return audience.list }
