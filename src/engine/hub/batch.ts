import type { Writable } from 'node:stream'
import { OP } from './wire.ts'

/** The bytes of a chunk. A frame that is larger gets a chunk of its own. */
const CHUNK = 64 * 1024

/** The bytes of a frame before its fields: the length and the operation. */
const HEAD = 5

/** The characters of a name, whose length has two bytes. */
const LONGEST_NAME = 0xffff

/**
 * Collects the frames of one turn of the event loop in few buffers.
 *
 * A copy of a small frame costs less than a buffer of its own.
 */
export class Batch {
  /** The bytes that wait. */
  size = 0
  #full: Buffer[] = []
  #chunk: Buffer = Buffer.allocUnsafeSlow(CHUNK)
  #at = 0
  /** A chunk that was written, for the next turn. */
  #spare: Buffer | null = null

  /** Adds a frame with one field of bytes. */
  bytes (op: number, field: Uint8Array): void {
    const at = this.#head(op, field.length)
    this.#chunk.set(field, at)
  }

  /** Adds a frame with one field of text. */
  text (op: number, text: string): void {
    const at = this.#head(op, text.length)
    this.#chunk.write(text, at, 'latin1')
  }

  /** Adds a frame with the number of a request, and a text that may be empty. */
  numbered (op: number, number: number, text: string): void {
    const at = this.#head(op, 4 + text.length)
    this.#chunk.writeUInt32BE(number, at)
    if (text.length > 0) this.#chunk.write(text, at + 4, 'latin1')
  }

  publication (channel: string, data: Uint8Array): void {
    const at = this.#head(OP.publish, 2 + channel.length + data.length)
    this.#chunk.writeUInt16BE(channel.length, at)
    this.#chunk.write(channel, at + 2, 'latin1')
    this.#chunk.set(data, at + 2 + channel.length)
  }

  /** Adds a frame for logs and queues: numbers, names with their lengths, and data. */
  fields (op: number, numbers: readonly number[], names: readonly string[] = [], data: Uint8Array | null = null): void {
    let length = numbers.length * 8 + (data?.length ?? 0)
    for (const name of names) {
      if (name.length > LONGEST_NAME) throw new RangeError(`a name has at most ${LONGEST_NAME} characters, and this one has ${name.length}`)
      length += 2 + name.length
    }
    let at = this.#head(op, length)
    for (const number of numbers) at = this.#chunk.writeDoubleBE(number, at)
    for (const name of names) {
      at = this.#chunk.writeUInt16BE(name.length, at)
      at += this.#chunk.write(name, at, 'latin1')
    }
    if (data !== null) this.#chunk.set(data, at)
  }

  /** Adds a frame of another line again. Its fields stand in `bytes` from `start` to `end`. */
  again (bytes: Buffer, start: number, end: number): void {
    const whole = HEAD + end - start
    this.#reserve(whole)
    bytes.copy(this.#chunk, this.#at, start - HEAD, end)
    this.#at += whole
  }

  /** Writes all that waits, with one call of the system where it can take it. */
  writeTo (stream: Writable): void {
    const chunk = this.#chunk
    const last = chunk.subarray(0, this.#at)
    const reuse = (): void => { if (chunk.length === CHUNK) this.#spare = chunk }
    if (this.#full.length === 0) stream.write(last, reuse)
    else {
      stream.cork()
      for (const each of this.#full) stream.write(each)
      stream.write(last, reuse)
      stream.uncork()
    }
    this.clear()
    this.#renew(CHUNK)
  }

  /** Forgets all that waits. */
  clear (): void {
    this.#full = []
    this.#at = 0
    this.size = 0
  }

  /** Writes the head of a frame. Returns the place of its fields in the chunk. */
  #head (op: number, length: number): number {
    const whole = HEAD + length
    this.#reserve(whole)
    const at = this.#at
    this.#chunk.writeUInt32BE(length + 1, at)
    this.#chunk[at + 4] = op
    this.#at += whole
    return at + HEAD
  }

  #reserve (bytes: number): void {
    this.size += bytes
    if (this.#at + bytes <= this.#chunk.length) return
    if (this.#at > 0) this.#full.push(this.#chunk.subarray(0, this.#at))
    this.#renew(bytes)
  }

  #renew (bytes: number): void {
    this.#chunk = bytes <= CHUNK && this.#spare !== null ? this.#spare : Buffer.allocUnsafeSlow(Math.max(CHUNK, bytes))
    if (this.#chunk === this.#spare) this.#spare = null
    this.#at = 0
  }
}
