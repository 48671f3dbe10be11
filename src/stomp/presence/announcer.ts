import type { ClusterNode } from '../../cluster/node.ts'
import { Publisher } from '../../cluster/publisher.ts'
import { QUESTIONS } from '../../cluster/services.ts'
import { delay } from '../../core/delay.ts'
import type { OwnTopic } from './own-topic.ts'
import { channelOf, readQuestion, writeAnswer, writeChange } from './records.ts'

/** The bytes of names in one change. More of them go in the next one. */
const MOST_BYTES = 64 * 1024

/** The pause after a change that the engine has not taken, in milliseconds. */
const PAUSE = 1_000

/** The time for which a change waits for the engine, in milliseconds. */
const PATIENCE = 8_000

/** The changes that may wait for the engine: one of each topic. */
const BOUNDS = { messages: 100_000, bytes: 16 * 1024 * 1024 }

/**
 * Tells the other nodes the users of this one.
 *
 * It publishes changes on the channel of the topic, and answers the questions of other nodes. One change of a topic is on its way at a time. All that happens meanwhile is in the next one.
 */
export class Announcer {
  readonly #node: ClusterNode
  readonly #topics: Map<string, OwnTopic>
  readonly #publisher: Publisher
  /** The topics with news, in this turn of the event loop. */
  readonly #news = new Set<string>()
  /** The topics with a change on its way. */
  readonly #busy = new Set<string>()
  #lastNumber = 0

  /** @param topics are the topics that have users at this node. A topic without users is forgotten when the other nodes know that. */
  constructor (node: ClusterNode, topics: Map<string, OwnTopic>) {
    this.#node = node
    this.#topics = topics
    this.#publisher = new Publisher(node, BOUNDS)
    node.calls.serve(QUESTIONS.stompPresence, (body) => this.#answer(readQuestion(body)))
  }

  announce (name: string): void {
    if (this.#busy.has(name)) return
    this.#news.add(name)
    if (this.#news.size === 1) setImmediate(() => this.#flush())
  }

  #flush (): void {
    const names = [...this.#news]
    this.#news.clear()
    for (const name of names) this.#publishAll(name, this.#topics.get(name)!)
  }

  /** Publishes changes of a topic until there is no news. After a change that may be lost comes another one, which shows that it is missing. */
  async #publishAll (name: string, topic: OwnTopic): Promise<void> {
    this.#busy.add(name)
    let isMissing = false
    while (this.#node.state !== 'stopped' && (isMissing || !topic.isPublished)) {
      isMissing = !await this.#publish(name, topic)
      if (!isMissing) continue
      await delay(this.#node.clock, PAUSE)
      await this.#node.whenAvailable(PATIENCE)
    }
    this.#busy.delete(name)
    if (topic.isEmpty) this.#topics.delete(name)
  }

  /** Publishes one change. Resolves with false if it may be lost. */
  async #publish (name: string, topic: OwnTopic): Promise<boolean> {
    const previous = topic.last
    const change = { node: this.#node.id, number: ++this.#lastNumber, previous, ...topic.take(MOST_BYTES) }
    topic.last = change.number
    try {
      await this.#publisher.publish(channelOf(this.#node, name), writeChange(change))
      return true
    } catch (error) {
      this.#node.log.debug({ err: error }, 'A change of the presence of a topic was not published.')
      return false
    }
  }

  /** Tells the users after the last change of each topic. The others come in the next changes. */
  #answer (names: readonly string[]): Uint8Array {
    return writeAnswer(names.map((name) => {
      const topic = this.#topics.get(name)
      // The next change of a topic without users has a higher number than all that were published before.
      if (topic === undefined || topic.last === 0) return { topic: name, number: this.#lastNumber, users: [] }
      return { topic: name, number: topic.last, users: topic.publishedUsers }
    }))
  }
}
