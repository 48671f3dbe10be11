import { OP } from './wire.ts'

/** The fields of a frame for logs and queues, in this order. */
export interface Fields {
  readonly numbers: readonly number[]
  readonly names: readonly string[]
  /** The rest of the frame. It is valid while the frame is handled. */
  readonly data: Buffer
}

/** The numbers (8 bytes each) and names (a length of 2 bytes before each) that an operation has. */
const LAYOUTS: Readonly<Partial<Record<number, readonly [numbers: number, names: number]>>> = {
  [OP.group]: [3, 1],
  [OP.append]: [1, 2],
  [OP.follow]: [0, 1],
  [OP.unfollow]: [0, 1],
  [OP.since]: [2, 1],
  [OP.position]: [1, 1],
  [OP.bound]: [3, 0],
  [OP.push]: [1, 2],
  [OP.consume]: [2, 1],
  [OP.credit]: [2, 0],
  [OP.ack]: [3, 0],
  [OP.nack]: [2, 0],
  [OP.close]: [1, 0],
  [OP.epoch]: [0, 1],
  [OP.place]: [2, 0],
  [OP.page]: [2, 0],
  [OP.entry]: [2, 1],
  [OP.taken]: [3, 0],
  [OP.failed]: [1, 1],
  [OP.view]: [2, 1],
  [OP.shown]: [3, 0],
  [OP.last]: [1, 1]
}

/** Reads the fields of an operation. `null` if it has other ones, or if the frame is too short. */
export function readFields (op: number, bytes: Buffer, start: number, end: number): Fields | null {
  const layout = LAYOUTS[op]
  if (layout === undefined) return null
  let at = start + layout[0] * 8
  if (at > end) return null
  const numbers: number[] = []
  for (let i = start; i < at; i += 8) numbers.push(bytes.readDoubleBE(i))
  const names: string[] = []
  while (names.length < layout[1]) {
    const name = at + 2
    if (name > end) return null
    at = name + bytes.readUInt16BE(at)
    if (at > end) return null
    names.push(bytes.toString('latin1', name, at))
  }
  return { numbers, names, data: bytes.subarray(at, end) }
}
