import { forgetOldest } from '../../../core/forget-oldest.ts'
import type { Taken } from './taken.ts'

/** The queues of which the newest message is remembered. */
const MOST = 10_000

/**
 * Finds the messages that JetStream gives again and counts as new.
 *
 * An older nats-server gives the newest message of a queue twice if it takes a message that is to come again for a request of a consumer that has gone.
 * A consumer that ends has its requests dropped. Those of a node that was killed or cut off stay.
 * Pull request 5305 of nats-io/nats-server mended that in April 2024. New messages come in the order of their numbers. So a lower number is that of a message that was given before.
 */
export class Uncounted {
  /** The highest number of each queue that has come to this node. The queue that was used last is at the end. */
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
    forgetOldest(this.#newest, MOST)
    return number <= newest ? Math.max(deliveries, 2) : deliveries
  }
}
