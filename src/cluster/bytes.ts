/** A record that is too short, or that holds a value that cannot be. The link that brought it breaks. */
export class MalformedRecord extends Error {
  constructor (expected: string) {
    super(`a record of another node is malformed: expected ${expected}`)
  }
}

/** The first size of a writer. Most records are smaller. */
const FIRST_SIZE = 256

/** The bytes of a number whose length is written before a text or bytes. */
const LENGTH = 4

/** Writes one record, value by value. */
export class Writer {
  #buffer = Buffer.allocUnsafe(FIRST_SIZE)
  #at = 0

  /** The bytes that were written. */
  get size (): number { return this.#at }

  u8 (value: number): this {
    const at = this.#reserve(1)
    this.#buffer[at] = value
    return this
  }

  u32 (value: number): this {
    const at = this.#reserve(4)
    this.#buffer.writeUInt32BE(value, at)
    return this
  }

  /** Writes a whole number below 2^48, such as a number of bytes. */
  u48 (value: number): this {
    const at = this.#reserve(6)
    this.#buffer.writeUIntBE(value, at, 6)
    return this
  }

  text (value: string): this {
    const bytes = Buffer.byteLength(value)
    this.u32(bytes)
    const at = this.#reserve(bytes)
    this.#buffer.write(value, at, bytes, 'utf8')
    return this
  }

  bytes (value: Uint8Array): this {
    this.u32(value.byteLength)
    const at = this.#reserve(value.byteLength)
    this.#buffer.set(value, at)
    return this
  }

  /** Returns the bytes that were written. The writer must not be used again. */
  done (): Uint8Array { return this.#buffer.subarray(0, this.#at) }

  /** Makes room, and returns the place of the next value. The buffer may be another one afterwards. */
  #reserve (bytes: number): number {
    const at = this.#at
    this.#at += bytes
    if (this.#at > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#at, 2 * this.#buffer.length))
      this.#buffer.copy(larger, 0, 0, at)
      this.#buffer = larger
    }
    return at
  }
}

/**
 * Reads one record, value by value.
 *
 * @throws MalformedRecord if the record is too short
 */
export class Reader {
  readonly #buffer: Buffer
  #at = 0

  constructor (record: Uint8Array) {
    this.#buffer = Buffer.from(record.buffer, record.byteOffset, record.byteLength)
  }

  u8 (): number { return this.#buffer[this.#take(1)]! }

  u32 (): number { return this.#buffer.readUInt32BE(this.#take(4)) }

  u48 (): number { return this.#buffer.readUIntBE(this.#take(6), 6) }

  text (): string {
    const length = this.u32()
    const at = this.#take(length)
    return this.#buffer.toString('utf8', at, at + length)
  }

  /** Reads bytes. They are a part of the record, not a copy. */
  bytes (): Uint8Array {
    const length = this.u32()
    const at = this.#take(length)
    return this.#buffer.subarray(at, at + length)
  }

  /** Reads a list whose length comes first. Every item has at least `LENGTH` bytes, so that no record can announce more than it holds. */
  list<T> (item: () => T): T[] {
    const count = this.u32()
    if (count * LENGTH > this.#buffer.length - this.#at) throw new MalformedRecord(`${count} items`)
    return Array.from({ length: count }, item)
  }

  /** True when nothing is left. */
  get ended (): boolean { return this.#at === this.#buffer.length }

  #take (bytes: number): number {
    const at = this.#at
    this.#at += bytes
    if (this.#at > this.#buffer.length) throw new MalformedRecord(`${bytes} more bytes`)
    return at
  }
}
