import { Buffer } from 'node:buffer'

const NOTHING = Buffer.alloc(0)

/** Octets that arrive in pieces. The space doubles when it is full, so that the work stays linear (STOMP-F10). */
export class Octets {
  #space = NOTHING
  #length = 0

  add (piece: Buffer): void {
    const length = this.#length + piece.length
    if (length > this.#space.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(256, length, this.#space.length * 2))
      this.#space.copy(larger, 0, 0, this.#length)
      this.#space = larger
    }
    piece.copy(this.#space, this.#length)
    this.#length = length
  }

  /** Takes the collected octets and `last`. It returns `last` itself if nothing was collected. */
  takeWith (last: Buffer): Buffer {
    if (this.#length === 0) return last
    this.add(last)
    const taken = this.#space.subarray(0, this.#length)
    this.#space = NOTHING
    this.#length = 0
    return taken
  }
}
