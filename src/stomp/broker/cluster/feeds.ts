import type { ClusterNode } from '../../../cluster/node.ts'
import { type Destination, hasWildcard, matchesPattern, overlaps } from '../../destinations.ts'
import type { SubscribeResult } from '../broker.ts'
import type { BrokerTopic } from '../inspection.ts'
import type { SerialQueue } from '../local/serial-queue.ts'
import type { TopicSubscription } from '../local/topics.ts'
import type { Serial } from '../serial.ts'
import { Feed, type TopicWish } from './feed.ts'
import type { HistoryGroup } from './history-group.ts'
import { LogPatternSource, LogSource } from './log-source.ts'
import { nameOf, patternsOf } from './names.ts'
import { ChannelSource, type Source } from './sources.ts'

/** The channel of a topic. */
export function topicChannel (name: string): string { return `t.${name}` }

/** The topics and patterns to which clients of this node subscribe. Each is one subscription at the engine. */
export class Feeds {
  readonly #node: ClusterNode
  readonly #histories: readonly HistoryGroup[]
  readonly #serialQueue: SerialQueue
  readonly #serial: Serial
  readonly #feeds = new Map<string, Feed>()

  constructor (node: ClusterNode, histories: readonly HistoryGroup[], serialQueue: SerialQueue, serial: Serial) {
    this.#node = node
    this.#histories = histories
    this.#serialQueue = serialQueue
    this.#serial = serial
  }

  /** Finds the history of a topic, `null` if it keeps no messages. The first rule that fits counts. */
  historyOf ({ segments }: Destination): HistoryGroup | null {
    return this.#histories.find((history) => matchesPattern(history.segments, segments)) ?? null
  }

  join (destination: Destination, subscription: TopicSubscription, wish: TopicWish): Promise<SubscribeResult | void> | SubscribeResult | void {
    let feed = this.#feeds.get(destination.name)
    if (feed === undefined) this.#feeds.set(destination.name, feed = this.#open(destination))
    return feed.join(subscription, wish)
  }

  leave ({ name }: Destination, subscription: TopicSubscription): void {
    const feed = this.#feeds.get(name)
    feed?.leave(subscription)
    if (feed?.isEmpty !== true) return
    this.#feeds.delete(name)
    feed.close()
  }

  /** Lists the topics and patterns with their subscriptions at this node. */
  * inspect (): Iterable<BrokerTopic> {
    for (const [destination, { size }] of this.#feeds) yield { destination, subscribers: size }
  }

  stop (): void {
    for (const feed of this.#feeds.values()) feed.close()
    this.#feeds.clear()
  }

  #open (destination: Destination): Feed {
    const node = this.#node
    if (hasWildcard(destination.segments)) return this.#feed(destination, this.#patternSources(destination), null)
    const name = nameOf(destination)
    const history = this.historyOf(destination)
    const log = history === null ? null : new LogSource(node, history, name)
    return this.#feed(destination, [log ?? new ChannelSource(node, topicChannel(name))], log)
  }

  #patternSources (destination: Destination): Source[] {
    const histories = this.#histories.filter(({ segments }) => overlaps(segments, destination.segments))
    return patternsOf(destination).flatMap((pattern) => [
      new ChannelSource(this.#node, topicChannel(pattern)),
      ...histories.map((history) => new LogPatternSource(this.#node, history, pattern))
    ])
  }

  #feed ({ name }: Destination, sources: readonly Source[], log: LogSource | null): Feed {
    return new Feed(name, sources, log, this.#serialQueue, this.#serial)
  }
}
