import type { Queue, QueueMessage } from './queue.ts'
import type { RoundEntry } from './round.ts'

/** Takes the messages of a consumer. */
export interface Taker {
  /** Takes a message. The tag names it in `ack` and `nack`. Returns false if no more should come until `resume()`. */
  take (tag: number, message: QueueMessage): boolean
}

/** A consumer of one queue, with the messages that it has taken. */
export class QueueConsumer implements RoundEntry<QueueConsumer> {
  previous: QueueConsumer | null = null
  next: QueueConsumer | null = null
  listed = false
  /** The messages by their tags, in the order in which they were taken. */
  readonly taken = new Map<number, QueueMessage>()
  readonly #queue: Queue
  readonly #taker: Taker
  #credit = 0
  #lastTag = 0
  #state: 'open' | 'paused' | 'closed' = 'open'

  /** Consumers are made by the table of queues. */
  constructor (queue: Queue, taker: Taker) {
    this.#queue = queue
    this.#taker = taker
    queue.attach(this)
  }

  get isReady (): boolean { return this.#credit > 0 && this.#state === 'open' }

  /** Allows so many messages more. */
  credit (more: number): void {
    this.#credit += more
    this.#queue.offer(this)
  }

  /** Removes a message for ever. Returns false if it has gone back before. */
  ack (tag: number): boolean {
    const message = this.#release(tag)
    if (message === undefined) return false
    this.#queue.settle(message)
    return true
  }

  /** Gives a message back. It does nothing if the message has gone back before. */
  nack (tag: number): void {
    const message = this.#release(tag)
    if (message !== undefined) this.#queue.giveBack(message, this)
  }

  /** Takes nothing until `resume()`. */
  pause (): void {
    if (this.#state === 'open') this.#state = 'paused'
  }

  resume (): void {
    if (this.#state !== 'paused') return
    this.#state = 'open'
    this.#queue.offer(this)
  }

  /** Ends the consumer. Its messages go back. */
  close (): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#queue.detach(this)
  }

  /** Takes the next message of its queue. Only the queue calls it. */
  take (message: QueueMessage): void {
    this.#credit--
    const tag = ++this.#lastTag
    this.taken.set(tag, message)
    if (!this.#taker.take(tag, message)) this.pause()
  }

  #release (tag: number): QueueMessage | undefined {
    const message = this.taken.get(tag)
    this.taken.delete(tag)
    return message
  }
}
