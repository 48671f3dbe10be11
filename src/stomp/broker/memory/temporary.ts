import { randomBytes } from 'node:crypto'
import type { Publication } from '../publication.ts'
import type { Queue } from './queue.ts'

/** A queue of one connection: `/temp-queue/x` to its owner, and an address that nobody can guess to those it wrote to. */
export class TemporaryQueue {
  /** As its owner calls it. */
  readonly name: string
  /** As everybody else does (SEC-S66). */
  readonly address: string
  readonly queue: Queue
  /** Whether its subscription came with a `reply-to`, and not by SUBSCRIBE. */
  implicit = false
  readonly #overflow: (queue: TemporaryQueue) => void

  constructor (name: string, replyPrefix: string, queue: Queue, overflow: (queue: TemporaryQueue) => void) {
    this.name = name
    this.address = `${replyPrefix}/${randomBytes(16).toString('base64url')}`
    this.queue = queue
    this.#overflow = overflow
  }

  /** Never refuses: whoever answers has done nothing wrong if the one that asked does not listen. */
  receive (publication: Publication, expires: number): void {
    const { size } = publication
    if (this.queue.reserve(publication, size) === null) this.queue.push(publication, size, expires)
    else this.#overflow(this)
  }
}
