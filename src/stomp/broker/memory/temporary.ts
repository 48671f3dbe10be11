import { randomBytes } from 'node:crypto'
import type { Publication } from '../publication.ts'
import type { Queue } from './queue.ts'

/** A queue of one connection. Its owner names it `/temp-queue/x`, and other clients by an address that cannot be guessed. */
export class TemporaryQueue {
  /** The name that its owner uses. */
  readonly name: string
  /** The address that other clients use (SEC-S66). */
  readonly address: string
  readonly queue: Queue
  /** True when its subscription came with a `reply-to`, and not by SUBSCRIBE. */
  implicit = false
  readonly #overflow: (queue: TemporaryQueue) => void

  constructor (name: string, replyPrefix: string, queue: Queue, overflow: (queue: TemporaryQueue) => void) {
    this.name = name
    this.address = `${replyPrefix}/${randomBytes(16).toString('base64url')}`
    this.queue = queue
    this.#overflow = overflow
  }

  /** Takes a message. It never refuses one, because a full queue is the fault of its owner and not of the sender. */
  receive (publication: Publication, expires: number): void {
    const { size } = publication
    if (this.queue.reserve(publication, size) === null) this.queue.push(publication, size, expires)
    else this.#overflow(this)
  }
}
