import type { Publication } from '../publication.ts'

/** A message in a queue, waiting or unacknowledged. */
export class QueuedMessage {
  readonly publication: Publication
  readonly size: number
  /** The time on the clock at which it expires, `Infinity` for never. */
  readonly expires: number
  /** The place in the queue, which the message keeps when it comes back. */
  readonly order: number
  deliveries = 0
  /** The number of the consumer that gave it back, because the other consumers come first. 0 for none. */
  refusedBy = 0

  constructor (publication: Publication, size: number, expires: number, order: number) {
    this.publication = publication
    this.size = size
    this.expires = expires
    this.order = order
  }
}
