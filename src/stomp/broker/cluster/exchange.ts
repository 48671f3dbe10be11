import type { ClusterNode } from '../../../cluster/node.ts'
import { Publisher } from '../../../cluster/publisher.ts'
import { forgetOldest } from '../../../core/forget-oldest.ts'
import type { EngineQueues, QueueView } from '../../../engine/queues.ts'
import type { Body, FrameHeaders } from '../../codec/index.ts'
import { type Destination, hasWildcard, parseDestination } from '../../destinations.ts'
import { refusal } from '../../refusals.ts'
import type { BrokerContext, Done, OutgoingMessage } from '../broker.ts'
import type { LocalQueues } from '../local/client.ts'
import { type DeathReason, letterHeaders } from '../local/dead-letter.ts'
import { expiryOf } from '../local/expiry.ts'
import type { Settings } from '../local/options.ts'
import { Queues } from '../local/queues.ts'
import { addressed, ownQueues } from '../local/reply-to.ts'
import { SerialQueue } from '../local/serial-queue.ts'
import type { ReplyAddresses, TemporaryQueue, TemporaryQueues } from '../local/temporary.ts'
import { Publication } from '../publication.ts'
import { Serial } from '../serial.ts'
import { isAway, refusalOf } from './failures.ts'
import { Feeds, topicChannel } from './feeds.ts'
import type { HistoryGroup } from './history-group.ts'
import { nameOf } from './names.ts'
import { engineIdOf, type MessageRecord, publicationOf, writeRecord } from './record.ts'
import { Replies } from './replies.ts'

/** The messages of this node that may wait for the engine, and their bytes. */
const OUTBOX = { messages: 10_000, bytes: 64 * 1024 * 1024 }

/** The queues that are remembered for operators. */
const MOST_SENT_TO = 200

/** The work of a message that cannot be refused any more, except by the engine. */
export type Accepted = () => Done

/** The way of each publication: topics and queues through the engine, temporary queues straight to the node of their client. */
export class ClusterExchange implements LocalQueues {
  readonly node: ClusterNode
  readonly settings: Settings
  readonly serialQueue = new SerialQueue()
  /** The queues of this node alone: temporary ones, and those between a topic and a client that acknowledges. */
  readonly queues: Queues
  readonly replies: ReplyAddresses = new Map()
  readonly feeds: Feeds
  readonly publisher: Publisher
  readonly engineQueues: EngineQueues
  /** The queues to which this node has sent a message, the oldest first. */
  readonly sentTo = new Set<string>()
  readonly #serial = new Serial()
  readonly #context: BrokerContext
  readonly #elsewhere: Replies
  #published = 0
  #lettersLost = false

  constructor (node: ClusterNode, settings: Settings, histories: readonly HistoryGroup[], engineQueues: EngineQueues, context: BrokerContext) {
    this.node = node
    this.settings = settings
    this.engineQueues = engineQueues
    this.#context = context
    this.queues = new Queues(settings, this.serialQueue, this.#serial, context)
    this.feeds = new Feeds(node, histories, this.serialQueue, this.#serial)
    this.publisher = new Publisher(node, OUTBOX)
    this.#elsewhere = new Replies(node, settings.replyQueue, (record) => {
      this.#toTemporary(this.replies.get(record.destination), publicationOf(record), this.#onClock(record.expires))
    })
  }

  /** The beginning of the addresses of temporary queues of this node. */
  get replyPrefix (): string { return this.#elsewhere.prefix }

  /** Checks a message. The returned work gives it to its receivers. `own` is `null` for the application, which has no temporary queues. */
  accept (message: OutgoingMessage, own: TemporaryQueues | null): Accepted {
    const destination = parseDestination(message.destination, this.settings.destinations)
    const expires = destination.kind === 'topic' ? Infinity : expiryOf(message.headers, this.#context.clock, this.settings.ttl)
    const headers = addressed(message.headers, own, this.settings.destinations)
    switch (destination.kind) {
      case 'topic': return () => this.#toTopic(destination, this.#record(message, headers, Infinity))
      case 'queue':
        if (hasWildcard(destination.segments)) throw refusal('STOMP_INVALID_DESTINATION', 'queues take no wildcards')
        return () => {
          this.#noteSent(destination.name)
          return this.#push(destination, this.#record(message, headers, expires))
        }
      case 'temporary': {
        const queue = ownQueues(own).forReplies(destination.name)
        return () => this.#toTemporary(queue, this.#publication(destination.name, headers, message.body), expires)
      }
      case 'reply': {
        const elsewhere = this.#elsewhere.nodeOf(destination.name)
        if (elsewhere !== null) return () => this.#elsewhere.send(elsewhere, this.#record(message, headers, expires))
        return () => this.#toTemporary(this.replies.get(destination.name), this.#publication(destination.name, headers, message.body), expires)
      }
      case 'dead': throw refusal('STOMP_INVALID_DESTINATION', 'the broker alone sends to the dead-letter queue')
    }
  }

  /**
   * Moves a message that a queue has given up to the dead letters.
   *
   * The letter has an id of its message, so that a message which comes again has one letter.
   *
   * Resolves with false if the engine has been away for too long. Then the message must stay in its queue, or it is lost.
   */
  async bury (record: MessageRecord, reason: DeathReason): Promise<boolean> {
    if (reason === 'expired' && !this.settings.deadLetterExpired) return true
    const name = this.settings.deadLetters
    if (record.destination === name) {
      this.#context.log.warn({ reason }, 'a dead letter was dropped')
      return true
    }
    const { destination, headers, body } = record
    const letter = { destination: name, headers: letterHeaders({ headers }, destination, reason), body }
    await this.publisher.room()
    try {
      await this.#push({ kind: 'dead', name, segments: [name] }, this.#record(letter, letter.headers, Infinity), `${engineIdOf(record)} letter`)
      this.#lettersLost = false
    } catch (error) {
      if (isAway(error)) return false
      // The log has one line for a run of losses, because a client that fills the queue must not fill the log too.
      if (!this.#lettersLost) this.#context.log.warn({ err: error }, 'dead letters were dropped, because the engine did not take them')
      this.#lettersLost = true
    }
    this.queues.buried[reason]++
    return true
  }

  /** Shows a queue, or the queue of the dead letters, as the engine has it. Resolves with `null` if the engine does not say. */
  async view (destination: string, most: number): Promise<QueueView | null> {
    try {
      return await this.engineQueues.view(nameOf(parseDestination(destination, this.settings.destinations)), most)
    } catch (error) {
      this.node.log.debug({ err: error }, 'the engine does not show a queue')
      return null
    }
  }

  stop (): void {
    this.feeds.stop()
    this.queues.stop()
    this.replies.clear()
  }

  /** Counts a message of this node. */
  number (): number { return ++this.#published }

  #noteSent (queue: string): void {
    if (this.sentTo.has(queue)) return
    this.sentTo.add(queue)
    forgetOldest(this.sentTo, MOST_SENT_TO)
  }

  #record ({ destination, body, id = '' }: OutgoingMessage, headers: FrameHeaders, expires: number): MessageRecord {
    return { node: this.node.id, number: this.number(), ownId: id, destination, headers, body, expires: this.#onCalendar(expires) }
  }

  #publication (destination: string, headers: FrameHeaders, body: Body): Publication {
    return new Publication(destination, this.#serial.next(), headers, body)
  }

  async #toTopic (destination: Destination, record: MessageRecord): Promise<void> {
    const data = writeRecord(record)
    const name = nameOf(destination)
    const history = this.feeds.historyOf(destination)
    try {
      if (history === null) await this.publisher.publish(topicChannel(name), data)
      else await this.publisher.send(data.byteLength, async () => { await history.logs.append(name, engineIdOf(record), data) })
    } catch (error) {
      throw refusalOf(error)
    }
  }

  async #push (destination: Destination, record: MessageRecord, id = engineIdOf(record)): Promise<void> {
    const data = writeRecord(record)
    try {
      await this.publisher.send(data.byteLength, () => this.engineQueues.push(nameOf(destination), id, data))
    } catch (error) {
      throw refusalOf(error)
    }
  }

  /** Sends to a temporary queue of this node. The queue may have gone with its owner, and then the message is dropped. */
  #toTemporary (queue: TemporaryQueue | undefined, publication: Publication, expires: number): void {
    if (queue === undefined) this.#context.log.debug({}, 'a reply came for a client that has gone')
    this.serialQueue.defer(() => queue?.receive(publication, expires))
    this.serialQueue.run()
  }

  /** Other nodes have another clock, so that a time goes as a date. */
  #onCalendar (expires: number): number {
    const { clock } = this.#context
    return expires === Infinity ? 0 : Math.max(1, Math.round(clock.date() + expires - clock.now()))
  }

  #onClock (date: number): number {
    const { clock } = this.#context
    return date === 0 ? Infinity : clock.now() + date - clock.date()
  }
}
