import type { Taken } from './taken.ts'

/** The queues of which the newest message is remembered. */
const MOST = 10_000

/**
 * Finds the messages that JetStream gives again and counts as new.
 *
 * An older nats-server does so when a consumer ends at the moment in which a message is to come again: the newest message of the queue is given twice
 * (nats-io/nats-server, pull request 5305 of April 2024). A queue gives new messages in the order of their numbers, so this node knows the ones that it has seen.
 */
export class Uncounted {
  /** The highest number of each queue that has come to this node, the queue that was used last at the end. */
  readonly #newest = new Map<string, number>()
  #epoch = ''

  /** Returns the number of deliveries of a message that has just come. It is at least 2 if the message was there before. */
  deliveriesOf (queue: string, { number, deliveries, epoch }: Pick<Taken, 'number' | 'deliveries' | 'epoch'>): number {
    // The messages of another stream are other messages.
    if (epoch !== this.#epoch) this.#newest.clear()
    this.#epoch = epoch
    const newest = this.#newest.get(queue) ?? 0
    this.#newest.delete(queue)
    this.#newest.set(queue, Math.max(newest, number))
    if (this.#newest.size > MOST) this.#newest.delete(this.#newest.keys().next().value!)
    return number <= newest ? Math.max(deliveries, 2) : deliveries
  }
}
