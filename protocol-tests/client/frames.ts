/** RFC 6455 frames, written and read by hand so that odd ones can be sent and every bit can be seen. */
import { randomBytes } from 'node:crypto'
import type { Wire } from './wire.ts'

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export interface Frame {
  readonly final: boolean
  readonly reserved: number
  readonly opcode: number
  readonly masked: boolean
  readonly payload: Buffer
}

export interface FrameOptions {
  final?: boolean
  reserved?: number
  mask?: boolean
}

export function frameBytes (opcode: number, payload: string | Uint8Array, options: FrameOptions = {}): Buffer {
  const data = Buffer.from(payload)
  const masked = options.mask ?? true
  const first = ((options.final ?? true) ? 0x80 : 0) | ((options.reserved ?? 0) << 4) | opcode
  const mark = masked ? 0x80 : 0
  let head: Buffer
  if (data.length < 126) {
    head = Buffer.from([first, mark | data.length])
  } else if (data.length < 65536) {
    head = Buffer.from([first, mark | 126, data.length >> 8, data.length & 255])
  } else {
    head = Buffer.alloc(10)
    head[0] = first
    head[1] = mark | 127
    head.writeBigUInt64BE(BigInt(data.length), 2)
  }
  if (!masked) return Buffer.concat([head, data])
  const key = randomBytes(4)
  const body = Buffer.from(data.map((byte, index) => byte ^ (key[index % 4] ?? 0)))
  return Buffer.concat([head, key, body])
}

export async function readFrame (wire: Wire, what: string): Promise<Frame> {
  const [first = 0, second = 0] = await wire.take(2, what)
  let length = second & 127
  if (length === 126) length = (await wire.take(2, what)).readUInt16BE()
  else if (length === 127) length = Number((await wire.take(8, what)).readBigUInt64BE())
  const masked = (second & 128) !== 0
  if (masked) await wire.take(4, what)
  const payload = await wire.take(length, what)
  return { final: (first & 128) !== 0, reserved: (first >> 4) & 7, opcode: first & 15, masked, payload }
}

/** Code and reason of a close frame; 1005 stands for an empty one (RFC 6455, 7.1.5). */
export function closeStatus (frame: Frame): { code: number, reason: string } {
  if (frame.payload.length < 2) return { code: 1005, reason: '' }
  return { code: frame.payload.readUInt16BE(), reason: frame.payload.toString('utf8', 2) }
}
