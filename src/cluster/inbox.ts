import { MalformedRecord } from './bytes.ts'
import { RECORD_HEADER } from './outbox.ts'

/** The bytes that one record may have. */
export const LONGEST_RECORD = 64 * 1024 * 1024

/** Reads the records of batches that follow each other. A record may begin in one batch and end in a later one. */
export class Inbox {
  /** The service of the record that `next()` has returned. */
  service = 0
  #body: Buffer = Buffer.alloc(0)
  #at = 0
  /** The parts of a record that has begun in an earlier batch. */
  #parts: Buffer[] = []
  /** The bytes of that record that are still to come. */
  #missing = 0

  /** Takes the records of the next batch. */
  feed (body: Buffer): void {
    this.#body = body
    this.#at = 0
  }

  /**
   * Returns the next record that is complete; `null` at the end of the batch.
   *
   * @throws MalformedRecord
   */
  next (): Uint8Array | null {
    const left = this.#body.length - this.#at
    if (left === 0) return null
    if (this.#missing === 0) {
      if (left < RECORD_HEADER) throw new MalformedRecord('the service and the length of a record')
      this.service = this.#body[this.#at]!
      this.#missing = this.#body.readUInt32BE(this.#at + 1)
      this.#at += RECORD_HEADER
      if (this.#missing > LONGEST_RECORD) throw new MalformedRecord(`at most ${LONGEST_RECORD} bytes, given ${this.#missing}`)
    }
    const part = this.#body.subarray(this.#at, this.#at + this.#missing)
    this.#at += part.length
    this.#missing -= part.length
    if (this.#missing === 0 && this.#parts.length === 0) return part
    this.#parts.push(part)
    if (this.#missing > 0) return null
    return Buffer.concat(this.#parts.splice(0))
  }
}
