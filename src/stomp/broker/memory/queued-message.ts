import type { Publication } from '../publication.ts'

/** A message in a queue, waiting or unacknowledged. */
export class QueuedMessage {
  readonly publication: Publication
  readonly size: number
  /** When it goes away, on the clock; `Infinity` for never. */
  readonly expires: number
  /** Its place in the queue; it keeps it when it comes back. */
  readonly order: number
  deliveries = 0
  /** The number of the consumer that gave it back: the others come first. 0 for none. */
  refusedBy = 0

  constructor (publication: Publication, size: number, expires: number, order: number) {
    this.publication = publication
    this.size = size
    this.expires = expires
    this.order = order
  }
}
