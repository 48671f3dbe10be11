import type { ClusterNode } from '../../cluster/node.ts'
import type { Clock } from '../../core/clock.ts'
import { type ClientDestination, type DestinationParser, hasWildcard } from '../destinations.ts'
import { StompError } from '../errors.ts'
import type { PatternTrie } from '../pattern-trie.ts'
import type { StompSession } from '../session/stomp-session.ts'
import type { Feed, Subscription } from '../session/subscriptions.ts'
import type { Users } from '../users.ts'
import { Announcer } from './announcer.ts'
import { type PresenceEntry, type PresenceOptions, presenceTopics } from './options.ts'
import { OwnMembers, type OwnMembersListener } from './own-members.ts'
import { OtherNodes } from './other-nodes.ts'
import { type MessageIds, WatchedTopic } from './watched-topic.ts'
import { Watcher } from './watcher.ts'

/** The topic and the user of a subscription that counts. */
interface Entry {
  readonly topic: string
  readonly user: string
}

/**
 * The presence of users in topics: who subscribes, on all nodes.
 *
 * A user is present in a topic while one of its sessions subscribes to exactly that topic. Subscribers of `/topic/$presence/…` get the list, then joins and leaves.
 */
export class Presence implements OwnMembersListener, MessageIds {
  readonly #destinations: DestinationParser
  readonly #users: Users
  readonly #patterns: PatternTrie<PresenceEntry>
  readonly #members = new OwnMembers(this)
  readonly #entries = new Map<Subscription, Entry>()
  readonly #watched = new Map<string, WatchedTopic>()
  #clock: Clock | null = null
  #others: OtherNodes | null = null
  #messages = 0

  /** @throws FST_STOMP_INVALID_OPTION */
  constructor (options: readonly PresenceOptions[], destinations: DestinationParser, users: Users) {
    this.#destinations = destinations
    this.#users = users
    this.#patterns = presenceTopics(options, destinations)
  }

  /** Takes the clock, and the node if there is an engine, before the server starts. */
  join (clock: Clock, node: ClusterNode | null): void {
    this.#clock = clock
    if (node === null) return
    this.#members.announcer = new Announcer(node, this.#members.topics)
    this.#others = new OtherNodes(node, this.#watched)
  }

  /** Notes a subscription of a user to a topic. */
  subscribed (session: StompSession, subscription: Subscription): void {
    if (this.#patterns.size === 0 || subscription.source !== 'broker') return
    const topic = subscription.destination
    const user = this.#users.nameOf(session)
    if (user === undefined || this.#boundsOf(this.#destinations.parse(topic)) === null) return
    this.#entries.set(subscription, { topic, user })
    this.#members.count(topic, user, 1)
  }

  unsubscribed (subscription: Subscription): void {
    const entry = this.#entries.get(subscription)
    if (entry === undefined) return
    this.#entries.delete(subscription)
    this.#members.count(entry.topic, entry.user, -1)
  }

  /**
   * Begins to tell a subscriber who is present in a topic.
   *
   * @throws StompError STOMP_NO_PRESENCE, STOMP_TOO_MANY_WATCHERS
   */
  watch (session: StompSession, subscription: Subscription, { name, topic }: ClientDestination): Feed {
    const { owner } = this.#destinations.parse(topic!.name)
    // A presence has no presence of its own.
    const bounds = owner === 'broker' ? this.#boundsOf(topic!) : null
    if (bounds === null) throw new StompError('STOMP_NO_PRESENCE')
    const watched = this.#watched.get(topic!.name) ?? this.#open(name, topic!.name, bounds)
    if (watched.watchers.size >= bounds.maxWatchers) throw new StompError('STOMP_TOO_MANY_WATCHERS', `at most ${bounds.maxWatchers}`)
    const watcher = new Watcher(session, subscription, () => {
      watched.watchers.delete(watcher)
      if (watched.watchers.size === 0) this.#close(topic!.name, watched)
    })
    watched.add(watcher)
    return watcher
  }

  /** Lists the topics with users at this node, each with these users. */
  * inspect (): Iterable<{ readonly topic: string, readonly users: readonly string[] }> {
    for (const [topic, { users }] of this.#members.topics) if (users.length > 0) yield { topic, users }
  }

  // --- OwnMembersListener, MessageIds -------------------------------------------------------------------------

  changedHere (topic: string, user: string, isPresent: boolean): void { this.#watched.get(topic)?.changeHere(user, isPresent) }

  next (): string { return `presence-${++this.#messages}` }

  // ------------------------------------------------------------------------------------------------------------

  #open (destination: string, topic: string, { maxUsers }: PresenceEntry): WatchedTopic {
    const watched = new WatchedTopic(destination, maxUsers, this.#clock!, this)
    this.#watched.set(topic, watched)
    watched.setHere(this.#members.users(topic))
    if (this.#others === null) watched.isListening = true
    else this.#others.open(topic, watched)
    return watched
  }

  #close (topic: string, watched: WatchedTopic): void {
    this.#watched.delete(topic)
    this.#others?.close(topic)
    watched.stop()
  }

  /** Finds the entry of the option for a topic, `null` for one without presence. A pattern has none, because its users are in its topics. */
  #boundsOf ({ segments }: ClientDestination): PresenceEntry | null {
    if (hasWildcard(segments)) return null
    const found = this.#patterns.match(segments)
    return found.length === 0 ? null : found.reduce((first, each) => each.place < first.place ? each : first)
  }
}
