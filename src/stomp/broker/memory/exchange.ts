import { type Body, FrameHeaders } from '../../codec/index.ts'
import type { BrokerContext, OutgoingMessage } from '../broker.ts'
import { Publication } from '../publication.ts'
import { type Destination, hasWildcard, parseDestination } from '../destination.ts'
import { expiryOf } from './expiry.ts'
import { History } from './history.ts'
import type { Settings } from './options.ts'
import { Queues } from './queues.ts'
import { refusal } from '../refusals.ts'
import { Serial } from '../serial.ts'
import type { TemporaryQueue } from './temporary.ts'
import { deliverTo, Topics } from './topics.ts'
import { Turn } from './turn.ts'

/** A publication that cannot be refused any more. Either `run` is called, in a turn, or `cancel`, and the turn is run then. */
export interface Step {
  run (): void
  cancel (): void
}

/** The publisher's own queues. */
export interface TemporaryQueues {
  /** Its queue of that name, made and subscribed if need be. */
  forReplies (name: string): TemporaryQueue
}

const keep = (): void => {}

/** Where publications go. Checking comes first and may refuse; delivering comes after and may not. */
export class Exchange {
  readonly settings: Settings
  readonly turn = new Turn()
  readonly topics = new Topics()
  readonly queues: Queues
  readonly history: History
  /** By the address that others have. */
  readonly replies = new Map<string, TemporaryQueue>()
  readonly #serial: Serial
  readonly #context: BrokerContext

  constructor (settings: Settings, serial: Serial, context: BrokerContext) {
    this.settings = settings
    this.#serial = serial
    this.#context = context
    this.queues = new Queues(settings, this.turn, serial, context)
    this.history = new History(settings, serial, context.clock)
  }

  parse (destination: string): Destination {
    return parseDestination(destination, this.settings.destinations)
  }

  /** `own` is `null` for the application, which has no queues of its own. */
  publish (message: OutgoingMessage, own: TemporaryQueues | null): void {
    try {
      this.turn.defer(this.prepare(message, own).run)
    } finally {
      this.turn.run()
    }
  }

  prepare ({ destination: name, headers: given, body }: OutgoingMessage, own: TemporaryQueues | null): Step {
    const destination = this.parse(name)
    switch (destination.kind) {
      case 'topic': {
        const headers = this.#addressed(given, own)
        return { run: () => this.#toTopic(destination, headers, body), cancel: keep }
      }
      case 'queue': return this.#toQueue(destination, given, body, own)
      case 'temporary': {
        const expires = this.#expiry(given)
        const queue = ownQueues(own).forReplies(name)
        return this.#toTemporary(queue, name, this.#addressed(given, own), body, expires)
      }
      case 'reply': return this.#toTemporary(this.replies.get(name), name, this.#addressed(given, own), body, this.#expiry(given))
      case 'dead': throw refusal('STOMP_INVALID_DESTINATION', 'the broker alone sends to the dead-letter queue')
    }
  }

  stop (): void {
    this.queues.stop()
    this.history.stop()
    this.replies.clear()
  }

  #toTopic (destination: Destination, headers: FrameHeaders, body: Body): void {
    const log = this.history.open(destination)
    const audiences = this.topics.audiences(destination)
    if (log === undefined && audiences.length === 0) return
    const stamped = log === undefined ? headers : this.history.stamp(log, headers)
    const publication = new Publication(destination.name, this.#serial.next(), stamped, body)
    if (log !== undefined) this.history.append(log, publication)
    for (const members of audiences) deliverTo(members, publication)
    if (log !== undefined) publication.forgetForms()
  }

  #toQueue (destination: Destination, given: FrameHeaders, body: Body, own: TemporaryQueues | null): Step {
    if (!this.settings.queueWildcards && hasWildcard(destination.segments)) {
      throw refusal('STOMP_INVALID_DESTINATION', 'queues take no wildcards')
    }
    const expires = this.#expiry(given)
    const headers = this.#addressed(given, own)
    const publication = new Publication(destination.name, this.#serial.next(), headers, body)
    const { size } = publication
    const queue = this.queues.open(destination)
    const full = queue.reserve(publication, size)
    if (full !== null) {
      // A queue that was made for this message alone goes again.
      queue.schedule()
      throw full
    }
    return {
      run: () => queue.push(publication, size, expires),
      cancel: () => queue.cancel(publication, size)
    }
  }

  /** The queue may be gone with its owner: then nobody waits for the message. */
  #toTemporary (queue: TemporaryQueue | undefined, name: string, headers: FrameHeaders, body: Body, expires: number): Step {
    if (queue === undefined) this.#context.log.debug({}, 'an answer came after the one that asked had gone')
    return {
      run: () => queue?.receive(new Publication(name, this.#serial.next(), headers, body), expires),
      cancel: keep
    }
  }

  /** A `reply-to` that names the sender's own queue is replaced by an address that the receiver can use. */
  #addressed (headers: FrameHeaders, own: TemporaryQueues | null): FrameHeaders {
    const replyTo = headers.get('reply-to')
    if (replyTo === undefined || !this.#isTemporary(replyTo)) return headers
    const { address } = ownQueues(own).forReplies(this.parse(replyTo).name)
    return new FrameHeaders(headers).set('reply-to', address)
  }

  #isTemporary (destination: string): boolean {
    return this.settings.destinations.prefixes.some(([prefix, kind]) => kind === 'temporary' && destination.startsWith(prefix + '/'))
  }

  #expiry (headers: FrameHeaders): number {
    return expiryOf(headers, this.#context.clock, this.settings.ttl)
  }
}

function ownQueues (own: TemporaryQueues | null): TemporaryQueues {
  if (own === null) throw refusal('STOMP_INVALID_DESTINATION', 'temporary queues belong to connections')
  return own
}
