import { MAX_FRAME } from './wire.ts'

/** The bytes of the length of a frame. */
const LENGTH = 4

/** Takes the frames of a stream. The fields stand in `bytes` from `start` to `end`, and are valid during the call. */
export interface FrameTaker {
  frame (op: number, bytes: Buffer, start: number, end: number): void
}

/** Cuts a stream of bytes into frames. A frame that came in one piece is not copied. */
export class FrameReader {
  readonly #taker: FrameTaker
  #parts: Buffer[] = []
  #held = 0
  /** The bytes that must be held before the next step. */
  #needed = LENGTH
  #closed = false

  constructor (taker: FrameTaker) {
    this.#taker = taker
  }

  /** Takes no frame any more, not even of the piece that is being read. */
  close (): void {
    this.#closed = true
    this.#parts = []
    this.#held = 0
  }

  /** Reads the next piece of the stream. Returns the problem if the stream cannot go on, else `null`. */
  push (piece: Buffer): string | null {
    if (this.#held === 0) return this.#read(piece)
    this.#parts.push(piece)
    this.#held += piece.length
    return this.#held < this.#needed ? null : this.#read(Buffer.concat(this.#parts, this.#held))
  }

  #read (bytes: Buffer): string | null {
    let at = 0
    let needed = LENGTH
    while (!this.#closed && bytes.length - at >= LENGTH) {
      const length = bytes.readUInt32BE(at)
      if (length === 0 || length > MAX_FRAME) return `a frame has 1 to ${MAX_FRAME} bytes, and the length of this one is ${length}`
      const end = at + LENGTH + length
      needed = LENGTH + length
      if (end > bytes.length) break
      this.#taker.frame(bytes[at + LENGTH]!, bytes, at + LENGTH + 1, end)
      at = end
      needed = LENGTH
    }
    if (this.#closed) return null
    this.#held = bytes.length - at
    this.#parts = this.#held === 0 ? [] : [bytes.subarray(at)]
    this.#needed = needed
    return null
  }
}
