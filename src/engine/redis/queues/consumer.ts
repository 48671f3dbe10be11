import type { EngineConsumer, TakenListener, TakenMessage } from '../../queues.ts'
import { unavailable } from '../calls.ts'

/** The text for a message that a consumer does not have any more. */
export const GONE = 'the message has gone back to its queue'

/** The queue of a consumer. */
export interface ConsumerHost {
  /** Takes note of more credit. */
  credited (consumer: RedisConsumer, more: number): void
  /** Removes a message for ever. @throws FST_SOCKJS_ENGINE_UNAVAILABLE */
  ack (number: string): Promise<void>
  /** Takes messages back. */
  giveBack (numbers: readonly string[]): void
  /** Takes note that the consumer has closed. */
  leave (consumer: RedisConsumer): void
}

/** A consumer of one queue, with the messages that it has taken. */
export class RedisConsumer implements EngineConsumer {
  /** The messages that it may still get. */
  left = 0
  readonly #queue: ConsumerHost
  readonly #listener: TakenListener
  /** The messages that it has taken, with their numbers in the queue. */
  readonly #held = new Map<TakenMessage, string>()
  #closed = false

  constructor (queue: ConsumerHost, listener: TakenListener) {
    this.#queue = queue
    this.#listener = listener
  }

  credit (more: number): void {
    if (this.#closed) return
    this.left += more
    this.#queue.credited(this, more)
  }

  async ack (message: TakenMessage): Promise<void> {
    const number = this.#release(message)
    if (number === undefined) throw unavailable(GONE)
    await this.#queue.ack(number)
  }

  nack (message: TakenMessage): void {
    const number = this.#release(message)
    if (number !== undefined) this.#queue.giveBack([number])
  }

  close (): void {
    if (this.#closed) return
    this.#closed = true
    this.#queue.leave(this)
    this.#queue.giveBack([...this.#held.values()])
    this.#held.clear()
  }

  /** Takes a message. Only its queue calls it. */
  take (number: string, message: TakenMessage): void {
    this.left--
    this.#held.set(message, number)
    this.#listener(message)
  }

  /** Forgets its messages, which go back. */
  forget (): void { this.#held.clear() }

  #release (message: TakenMessage): string | undefined {
    const number = this.#held.get(message)
    this.#held.delete(message)
    return number
  }
}
