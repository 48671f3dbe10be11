import { Fifo } from '../core/fifo.ts'
import { HEADER } from './batch.ts'

/** The bytes before each record: its service and its length. */
export const RECORD_HEADER = 5

/** A batch that was sent and is not acknowledged. The first `HEADER` bytes are written at each sending. */
export interface SentBatch {
  readonly seq: number
  readonly bytes: Buffer
}

/** Keeps the records that wait to be sent, and the batches that wait to be acknowledged. */
export class Outbox {
  readonly #services = new Fifo<number>()
  readonly #records = new Fifo<Uint8Array>()
  readonly #sent = new Fifo<SentBatch>()
  /** The bytes of the first record that earlier batches have. */
  #taken = 0
  #seq = 0
  #acked = 0
  #pendingBytes = 0
  #sentBytes = 0
  #addedBytes = 0
  #arrivedBytes = 0

  /** The bytes of the records that no batch has. */
  get pendingBytes (): number { return this.#pendingBytes }

  /** The bytes of the batches that are not acknowledged. */
  get sentBytes (): number { return this.#sentBytes }

  /** The bytes of all records that were ever added, with their headers. */
  get addedBytes (): number { return this.#addedBytes }

  /** The bytes of these records that the peer has. */
  get arrivedBytes (): number { return this.#arrivedBytes }

  /** The number of the last batch that the peer has acknowledged. */
  get acked (): number { return this.#acked }

  /** The batches that are not acknowledged, the oldest first. */
  get sent (): Iterable<SentBatch> { return this.#sent }

  add (service: number, record: Uint8Array): void {
    this.#services.push(service)
    this.#records.push(record)
    this.#pendingBytes += RECORD_HEADER + record.byteLength
    this.#addedBytes += RECORD_HEADER + record.byteLength
  }

  /** Moves pending records into a new batch of at most `most` bytes. The last record may go on in the next batch. */
  next (most: number): SentBatch {
    const bytes = Buffer.allocUnsafe(Math.min(most, HEADER + this.#pendingBytes))
    let at = HEADER
    for (let record = this.#records.first; record !== undefined; record = this.#records.first) {
      if (this.#taken === 0) {
        // A record begins in a batch only with its whole header and its first byte.
        if (bytes.length - at < RECORD_HEADER + Math.min(1, record.byteLength)) break
        bytes[at] = this.#services.first!
        bytes.writeUInt32BE(record.byteLength, at + 1)
        at += RECORD_HEADER
        this.#pendingBytes -= RECORD_HEADER
      }
      const part = record.subarray(this.#taken, this.#taken + bytes.length - at)
      bytes.set(part, at)
      at += part.byteLength
      this.#pendingBytes -= part.byteLength
      this.#taken += part.byteLength
      if (this.#taken < record.byteLength) break
      this.#records.shift()
      this.#services.shift()
      this.#taken = 0
    }
    const batch = { seq: ++this.#seq, bytes: bytes.subarray(0, at) }
    this.#sent.push(batch)
    this.#sentBytes += at
    return batch
  }

  /** Forgets the batches that the peer has. Tells whether there were any; `null` if the peer cannot have that batch. */
  acknowledge (seq: number): boolean | null {
    if (seq > this.#seq) return null
    if (seq <= this.#acked) return false
    this.#acked = seq
    for (let first = this.#sent.first; first !== undefined && first.seq <= seq; first = this.#sent.first) {
      this.#sentBytes -= first.bytes.length
      this.#arrivedBytes += first.bytes.length - HEADER
      this.#sent.shift()
    }
    return true
  }
}
