import type { Socket } from 'node:net'
import { Batch } from './batch.ts'
import { FrameReader, type FrameTaker } from './frame-reader.ts'

/** The bytes that may wait for the other end. A line with more closes. */
export const MAX_QUEUE = 64 * 1024 * 1024

/** The bytes of one turn after which a line does not wait for the end of the turn. */
const FLUSH_AT = 1024 * 1024

/** The owner of a line. */
export interface LineOwner extends FrameTaker {
  /** Learns that the line has closed, and why. It is called once. */
  closed (reason: string): void
  /** Learns that the other end has taken all that waited. */
  drained? (): void
}

/** One end of the socket between a node and the hub. All frames of one turn of the event loop leave in one write. */
export class Line {
  readonly #socket: Socket
  readonly #reader: FrameReader
  readonly #batch = new Batch()
  /** The bytes above which it closes. A test has less. */
  readonly #maxQueue: number
  #scheduled = false
  #closed = false
  #reason = 'the other end closed the connection'

  constructor (socket: Socket, owner: LineOwner, maxQueue = MAX_QUEUE) {
    this.#socket = socket
    this.#maxQueue = maxQueue
    this.#reader = new FrameReader(owner)
    socket.on('data', (piece: Buffer) => {
      const problem = this.#reader.push(piece)
      if (problem !== null) this.destroy(problem)
    })
    socket.on('drain', () => owner.drained?.())
    socket.on('error', (error) => { this.#reason = error.message })
    socket.on('close', () => {
      this.#closed = true
      this.#reader.close()
      owner.closed(this.#reason)
    })
  }

  /** The bytes that the other end has not taken. */
  get waiting (): number { return this.#batch.size + this.#socket.writableLength }

  /** The batch that leaves at the end of this turn. */
  get out (): Batch {
    if (this.#batch.size >= FLUSH_AT) this.#flush()
    if (!this.#scheduled && !this.#closed) {
      this.#scheduled = true
      setImmediate(() => {
        this.#scheduled = false
        this.#flush()
      })
    }
    return this.#batch
  }

  /** Closes the line after the frames that wait. Those of the other end do not count any more. */
  end (): void {
    this.#flush()
    this.#closed = true
    this.#reader.close()
    this.#socket.end()
    // A socket that is not read would never learn that the other end has closed it.
    this.#socket.resume()
  }

  /** Closes the line at once. */
  destroy (reason: string): void {
    if (this.#socket.destroyed) return
    this.#reason = reason
    this.#closed = true
    this.#reader.close()
    this.#batch.clear()
    this.#socket.destroy()
  }

  #flush (): void {
    if (this.#closed) return this.#batch.clear()
    if (this.#batch.size === 0) return
    if (this.waiting > this.#maxQueue) return this.destroy(`the other end does not read: more than ${this.#maxQueue} bytes wait`)
    this.#batch.writeTo(this.#socket)
  }
}
