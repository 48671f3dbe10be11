import type { Frame } from '../../client/frames.ts'

/** RFC 6455 frames out of a stream of bytes, unmasked. */
export class FrameReader {
  private readonly found: (frame: Frame) => void
  private buffered: Buffer = Buffer.alloc(0)

  constructor (found: (frame: Frame) => void) {
    this.found = found
  }

  push (bytes: Buffer): void {
    this.buffered = Buffer.concat([this.buffered, bytes])
    for (let frame = this.next(); frame !== undefined; frame = this.next()) this.found(frame)
  }

  private next (): Frame | undefined {
    const bytes = this.buffered
    if (bytes.length < 2) return undefined
    const [first = 0, second = 0] = bytes
    const short = second & 127
    const masked = (second & 128) !== 0
    const sizeBytes = short === 126 ? 2 : short === 127 ? 8 : 0
    const start = 2 + sizeBytes + (masked ? 4 : 0)
    if (bytes.length < start) return undefined
    const length = sizeBytes === 0 ? short : sizeBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
    if (bytes.length < start + length) return undefined
    const key = masked ? bytes.subarray(start - 4, start) : undefined
    const payload = Buffer.from(bytes.subarray(start, start + length))
    if (key !== undefined) for (let index = 0; index < payload.length; index += 1) payload[index] = (payload[index] ?? 0) ^ (key[index % 4] ?? 0)
    this.buffered = bytes.subarray(start + length)
    return { final: (first & 128) !== 0, reserved: (first >> 4) & 7, opcode: first & 15, masked, payload }
  }
}
