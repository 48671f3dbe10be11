import type { Clock } from '../../core/clock.ts'
import { type QueueRule, type QueueView, VIEW_BYTES } from '../queues.ts'
import { Queue, type QueueMessage } from './queue.ts'
import { QueueConsumer, type Taker } from './queue-consumer.ts'
import { RecentIds } from './recent-ids.ts'

/** The memory that a message takes besides its bytes, roughly. It counts in `allBytes`, so that a flood of empty messages is bounded too. */
const COST = 200

/** Holds queues, for an engine that keeps them in its own memory. */
export class QueueTable {
  readonly #queues = new Map<string, Queue>()
  readonly #ids: RecentIds<true>
  #rule: QueueRule = { messages: Infinity, bytes: Infinity, allBytes: Infinity }
  #bytes = 0

  constructor (clock: Clock) {
    this.#ids = new RecentIds(clock)
  }

  /** The number of queues that have a message or a consumer. */
  get size (): number { return this.#queues.size }

  /** Sets the bounds. Messages that are there stay. */
  bound (rule: QueueRule): void { this.#rule = rule }

  /** Adds a message, unless its id was there. The table keeps `data`. Returns the reason if the queue is full, else `null`. */
  push (name: string, id: string, data: Uint8Array): string | null {
    const key = `${name}/${id}`
    if (this.#ids.get(key) !== undefined) return null
    const full = this.#full(this.#queues.get(name), data.byteLength)
    if (full !== null) return full
    this.#ids.add(key, true)
    this.#bytes += data.byteLength + COST
    this.#open(name).push(data)
    return null
  }

  /** Shows a queue. */
  view (name: string, most: number): QueueView {
    const queue = this.#queues.get(name)
    return { messages: queue?.messages ?? 0, bytes: queue?.bytes ?? 0, first: queue?.first(most, VIEW_BYTES) ?? [] }
  }

  /** Makes a consumer. It has no credit yet. */
  consume (name: string, taker: Taker): QueueConsumer { return new QueueConsumer(this.#open(name), taker) }

  /** Frees the room of a message that is out of its queue for ever. */
  settled ({ data }: QueueMessage): void { this.#bytes -= data.byteLength + COST }

  /** Forgets a queue that holds nothing. */
  idle (queue: Queue): void {
    if (queue.isIdle) this.#queues.delete(queue.name)
  }

  #full (queue: Queue | undefined, size: number): string | null {
    const { messages, bytes, allBytes } = this.#rule
    if ((queue?.messages ?? 0) >= messages) return `the queue has ${messages} messages, and that is the most`
    if ((queue?.bytes ?? 0) + size > bytes) return `the queue has at most ${bytes} bytes`
    if (this.#bytes + size + COST > allBytes) return `all queues together have at most ${allBytes} bytes`
    return null
  }

  #open (name: string): Queue {
    const queue = this.#queues.get(name) ?? new Queue(name, this)
    this.#queues.set(name, queue)
    return queue
  }
}
