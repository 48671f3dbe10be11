import type { Body, FrameHeaders } from '../../codec/index.ts'
import { type Destination, type DestinationKind, destinationKind, hasWildcard, parseDestination } from '../../destinations.ts'
import { refusal } from '../../refusals.ts'
import type { BrokerContext, OutgoingMessage } from '../broker.ts'
import { Publication } from '../publication.ts'
import { Serial } from '../serial.ts'
import { expiryOf } from '../local/expiry.ts'
import { History } from './history.ts'
import type { Settings } from '../local/options.ts'
import { Queues } from '../local/queues.ts'
import { addressed, ownQueues } from '../local/reply-to.ts'
import { SerialQueue } from '../local/serial-queue.ts'
import type { ReplyAddresses, TemporaryQueue, TemporaryQueues } from '../local/temporary.ts'
import { deliverToAll, Topics } from '../local/topics.ts'

/**
 * A publication that cannot be refused any more.
 *
 * The caller calls `deliver` from the serial queue, or `cancel`, after which it runs the serial queue.
 */
export interface AcceptedPublication {
  /** Delivers the publication. It is a function of its own, because the serial queue gets it as a task. */
  readonly deliver: () => void
  /** Frees the room that was reserved for the publication. */
  readonly cancel: () => void
}

const keep = (): void => {}

/** The way of each publication to its receivers. `accept` checks and may refuse, and the accepted publication delivers and may not. */
export class Exchange {
  readonly settings: Settings
  readonly serialQueue = new SerialQueue()
  readonly topics = new Topics()
  readonly queues: Queues
  readonly history: History
  readonly replies: ReplyAddresses = new Map()
  readonly #serial: Serial
  readonly #context: BrokerContext
  /** The destination of the last message. A client mostly sends to it again, so that it is parsed once for many messages. */
  #last: Destination | null = null

  constructor (settings: Settings, serial: Serial, context: BrokerContext) {
    this.settings = settings
    this.#serial = serial
    this.#context = context
    this.queues = new Queues(settings, this.serialQueue, serial, context)
    this.history = new History(settings, serial, context.clock)
  }

  parse (destination: string): Destination {
    return parseDestination(destination, this.settings.destinations)
  }

  kindOf (destination: string): DestinationKind | undefined {
    return this.#last?.name === destination ? this.#last.kind : destinationKind(destination, this.settings.destinations.prefixes)
  }

  /** Publishes a message. `own` is `null` for the application, which has no temporary queues. */
  publish (message: OutgoingMessage, own: TemporaryQueues | null): void {
    const destination = this.#destination(message.destination)
    if (destination.kind === 'topic' && this.serialQueue.idle) return this.#publishNow(destination, message, own)
    try {
      this.serialQueue.defer(this.accept(message, own).deliver)
    } finally {
      this.serialQueue.run()
    }
  }

  /** Publishes to a topic while nothing is delivered or waits. Most messages go this way, which makes no function to be called later. */
  #publishNow (destination: Destination, { headers, body, id }: OutgoingMessage, own: TemporaryQueues | null): void {
    this.serialQueue.enter()
    try {
      this.#toTopic(destination, addressed(headers, own, this.settings.destinations), body, id)
    } finally {
      this.serialQueue.leave()
    }
  }

  accept ({ destination: name, headers: given, body, id }: OutgoingMessage, own: TemporaryQueues | null): AcceptedPublication {
    const destination = this.#destination(name)
    switch (destination.kind) {
      case 'topic': {
        const headers = addressed(given, own, this.settings.destinations)
        return { deliver: () => this.#toTopic(destination, headers, body, id), cancel: keep }
      }
      case 'queue': return this.#toQueue(destination, given, body, own)
      case 'temporary': {
        const expires = this.#expiry(given)
        const queue = ownQueues(own).forReplies(name)
        return this.#toTemporary(queue, name, addressed(given, own, this.settings.destinations), body, expires)
      }
      case 'reply': return this.#toTemporary(this.replies.get(name), name, addressed(given, own, this.settings.destinations), body, this.#expiry(given))
      case 'dead': throw refusal('STOMP_INVALID_DESTINATION', 'the broker alone sends to the dead-letter queue')
    }
  }

  stop (): void {
    this.queues.stop()
    this.history.stop()
    this.replies.clear()
  }

  #destination (name: string): Destination {
    if (this.#last?.name !== name) this.#last = this.parse(name)
    return this.#last!
  }

  #toTopic (destination: Destination, headers: FrameHeaders, body: Body, id: string | undefined): void {
    const log = this.history.open(destination)
    const audiences = this.topics.audiences(destination)
    if (log === undefined && audiences.length === 0) return
    const stamped = log === undefined ? headers : this.history.stamp(log, headers)
    const publication = new Publication(destination.name, id ?? this.#serial.next(), stamped, body)
    if (log !== undefined) this.history.append(log, publication)
    for (const subscriptions of audiences) deliverToAll(subscriptions, publication)
    if (log !== undefined) publication.forgetForms()
  }

  #toQueue (destination: Destination, given: FrameHeaders, body: Body, own: TemporaryQueues | null): AcceptedPublication {
    if (!this.settings.queueWildcards && hasWildcard(destination.segments)) {
      throw refusal('STOMP_INVALID_DESTINATION', 'queues take no wildcards')
    }
    const expires = this.#expiry(given)
    const headers = addressed(given, own, this.settings.destinations)
    const publication = new Publication(destination.name, this.#serial.next(), headers, body)
    const { size } = publication
    const queue = this.queues.open(destination)
    const full = queue.reserve(publication, size)
    if (full !== null) {
      // A queue that was made for this message alone is forgotten again.
      queue.schedule()
      throw full
    }
    return {
      deliver: () => queue.push(publication, size, expires),
      cancel: () => queue.cancel(publication, size)
    }
  }

  /** Sends to a temporary queue. The queue may have gone with its owner, and then the message is dropped. */
  #toTemporary (queue: TemporaryQueue | undefined, name: string, headers: FrameHeaders, body: Body, expires: number): AcceptedPublication {
    if (queue === undefined) this.#context.log.debug({}, 'a reply came for a client that has gone')
    return {
      deliver: () => queue?.receive(new Publication(name, this.#serial.next(), headers, body), expires),
      cancel: keep
    }
  }

  #expiry (headers: FrameHeaders): number {
    return expiryOf(headers, this.#context.clock, this.settings.ttl)
  }
}
