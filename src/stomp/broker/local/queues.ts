import type { Clock } from '../../../core/clock.ts'
import { Timer, type TimerOwner } from '../../../core/timer.ts'
import { type Destination, hasWildcard, matchesPattern, parseDestination } from '../../destinations.ts'
import { PatternTrie } from '../../pattern-trie.ts'
import { refusal } from '../../refusals.ts'
import type { BrokerContext, BrokerLog } from '../broker.ts'
import type { BrokerQueue } from '../inspection.ts'
import { Publication } from '../publication.ts'
import type { Serial } from '../serial.ts'
import { Budget } from './budget.ts'
import { type DeathReason, letterHeaders, NO_DEATHS } from './dead-letter.ts'
import type { Settings } from './options.ts'
import type { QueueSubscription } from './queue-subscription.ts'
import { Queue, type QueueKind, type QueueLimits } from './queue.ts'
import type { QueuedMessage } from './queued-message.ts'
import type { SerialQueue } from './serial-queue.ts'

/** Milliseconds between two searches for expired messages. A message that has expired is not delivered before the search either. */
const SWEEP = 1000

/** All queues: the named ones, the dead-letter queue, and the private ones of a subscription or a connection. */
export class Queues implements TimerOwner {
  readonly serialQueue: SerialQueue
  readonly clock: Clock
  readonly budget: Budget
  readonly #settings: Settings
  readonly #serial: Serial
  readonly #log: BrokerLog
  readonly #named = new Map<string, Queue>()
  readonly #patterns = new PatternTrie<Set<QueueSubscription>>()
  readonly #limits: Readonly<Record<QueueKind, QueueLimits>>
  /** The queues with messages that expire. One timer serves them all. */
  readonly #expiring = new Set<Queue>()
  readonly #timer = new Timer(this)
  /** The messages that became dead letters, by reason. */
  readonly buried: Record<DeathReason, number> = { ...NO_DEATHS }
  #lettersLost = false

  constructor (settings: Settings, serialQueue: SerialQueue, serial: Serial, { clock, log }: BrokerContext) {
    this.#settings = settings
    this.serialQueue = serialQueue
    this.#serial = serial
    this.clock = clock
    this.#log = log
    this.budget = new Budget(settings.maxBytes)
    const { maxQueueMessages: maxMessages, maxQueueBytes: maxBytes, maxDeliveries } = settings
    const named: QueueLimits = { maxMessages, maxBytes, maxDeliveries, lenient: false }
    // A message of a topic that its subscriber refuses, or leaves unacknowledged at its end, is dropped (STOMP-S6).
    this.#limits = { named, dead: named, temporary: { ...named, lenient: true }, topic: { ...named, lenient: true, maxDeliveries: 1 } }
  }

  /** Finds the queue of that name, or makes it. Throws when there are too many. */
  open ({ kind, name, segments }: Destination): Queue {
    const existing = this.#named.get(name)
    if (existing !== undefined) return existing
    if (kind !== 'dead' && this.#named.size >= this.#settings.maxQueues) {
      throw refusal('STOMP_TOO_MANY_QUEUES', `at most ${this.#settings.maxQueues}`)
    }
    const queue = this.#make(name, kind === 'dead' ? 'dead' : 'named')
    this.#named.set(name, queue)
    for (const subscriptions of this.#patterns.match(segments)) {
      for (const subscription of subscriptions) subscription.join(queue)
    }
    return queue
  }

  /** Lists the named queues and that of the dead letters. */
  * inspect (): Iterable<BrokerQueue> {
    for (const { name, messages, bytes, consumers } of this.#named.values()) yield { destination: name, messages, bytes, consumers: consumers.size }
  }

  /** The queue of the dead letters, `undefined` while there are none. */
  get deadLetters (): Queue | undefined { return this.#named.get(this.#settings.deadLetters) }

  /** Makes a queue that no other client can name. */
  openPrivate (name: string, kind: 'temporary' | 'topic'): Queue {
    return this.#make(name, kind)
  }

  add (destination: Destination, subscription: QueueSubscription): void {
    if (!hasWildcard(destination.segments)) return subscription.join(this.open(destination))
    this.#patterns.open(destination.segments, () => new Set()).add(subscription)
    for (const queue of this.#named.values()) {
      const { segments } = parseDestination(queue.name, this.#settings.destinations)
      if (matchesPattern(destination.segments, segments)) subscription.join(queue)
    }
  }

  remove ({ segments }: Destination, subscription: QueueSubscription): void {
    subscription.end()
    const others = this.#patterns.get(segments)
    others?.delete(subscription)
    if (others?.size === 0) this.#patterns.delete(segments)
  }

  /** Forgets a queue without messages, and without a consumer that subscribed to it by name. */
  forget (queue: Queue): void {
    if (this.#named.get(queue.name) !== queue) return
    this.#named.delete(queue.name)
    // Its messages have gone before they expired. A sweep would find it only at that time (K1).
    this.#expiring.delete(queue)
    for (const { subscription } of queue.consumers) subscription.leave(queue)
  }

  /** Takes a message that a queue has given up and does not hold any more. A private queue has no dead letters. */
  died (queue: Queue, message: QueuedMessage, reason: DeathReason): void {
    if (queue.kind === 'named') this.#bury(queue, message, reason)
    else if (queue.kind === 'dead') this.#log.warn({ reason }, 'a dead letter was dropped')
  }

  /** Sweeps a queue from now on, because it has messages that expire. */
  watch (queue: Queue): void {
    this.#expiring.add(queue)
    if (!this.#timer.running) this.clock.start(this.#timer, SWEEP)
  }

  expire (): void {
    for (const queue of this.#expiring) {
      queue.sweep()
      if (queue.nextExpiry === Infinity) this.#expiring.delete(queue)
    }
    if (this.#expiring.size > 0) this.clock.start(this.#timer, SWEEP)
    this.serialQueue.run()
  }

  stop (): void {
    this.clock.stop(this.#timer)
    this.#named.clear()
    this.#expiring.clear()
  }

  #make (name: string, kind: QueueKind): Queue {
    return new Queue(name, kind, this.#limits[kind], this)
  }

  /** Moves a message to the dead-letter queue. When that is full, its oldest messages are dropped. */
  #bury (from: Queue, { publication }: QueuedMessage, reason: DeathReason): void {
    if (reason === 'expired' && !this.#settings.deadLetterExpired) return
    this.buried[reason]++
    const name = this.#settings.deadLetters
    const letter = new Publication(name, this.#serial.next(), letterHeaders(publication, from.name, reason), publication.body)
    const queue = this.open({ kind: 'dead', name, segments: [name] })
    const { size } = letter
    let lost = false
    while (queue.reserve(letter, size) !== null) {
      // The log has one line for a run of losses, because a client that fills the queue must not fill the log too.
      if (!this.#lettersLost) this.#log.warn({}, 'the dead-letter queue is full; its oldest messages are dropped')
      this.#lettersLost = lost = true
      if (!queue.dropOldest()) return
    }
    this.#lettersLost = lost
    this.serialQueue.defer(() => queue.push(letter, size, Infinity))
  }
}
