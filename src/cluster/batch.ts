/** The version of everything that nodes say to each other. */
export const WIRE = 1

/** The flags of a batch. */
export const FLAGS = {
  /** The sender does not know the link of the receiver, or has broken its own. */
  reset: 1,
  /** The sender misses a batch. */
  missing: 2,
  /** The receiver has acknowledged nothing yet, so that the sender still has all batches of the link. */
  fresh: 4
} as const

/** The bytes before the records of a batch. */
export const HEADER = 38

const ALL_FLAGS = FLAGS.reset | FLAGS.missing | FLAGS.fresh

/** The ids of nodes: 16 characters of base64url. */
export const NODE_ID = /^[\w-]{16}$/

/** All that one node says to another in one turn. */
export interface Batch {
  readonly flags: number
  /** The id of the node that sends it. */
  readonly from: string
  /** The epoch of the sender's link. 0 in a reset that is about the link of the receiver. */
  readonly source: number
  /** The epoch of the receiver's link. 0 if the sender does not know it. */
  readonly target: number
  /** The number of the batch on its link, from 1. 0 if it has no records. */
  readonly seq: number
  /** The number of the last batch that the sender has received. */
  readonly ack: number
}

/** Writes the beginning of a batch. A batch that is repeated gets a new beginning. */
export function writeHeader (buffer: Buffer, { flags, from, source, target, seq, ack }: Batch): void {
  buffer[0] = WIRE
  buffer[1] = flags
  buffer.write(from, 2, 16, 'latin1')
  buffer.writeUInt32BE(source, 18)
  buffer.writeUInt32BE(target, 22)
  buffer.writeUIntBE(seq, 26, 6)
  buffer.writeUIntBE(ack, 32, 6)
}

/** Reads the beginning of a batch; `null` if it cannot be one of this version. */
export function readHeader (data: Uint8Array): Batch | null {
  if (data.byteLength < HEADER || data[0] !== WIRE) return null
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const batch = {
    flags: buffer[1]!,
    from: buffer.toString('latin1', 2, 18),
    source: buffer.readUInt32BE(18),
    target: buffer.readUInt32BE(22),
    seq: buffer.readUIntBE(26, 6),
    ack: buffer.readUIntBE(32, 6)
  }
  const isReset = (batch.flags & FLAGS.reset) !== 0
  const fits = (batch.flags & ~ALL_FLAGS) === 0 && NODE_ID.test(batch.from) &&
    (isReset ? batch.source + batch.target > 0 : batch.source > 0) &&
    // Only a batch without records has no number.
    (batch.seq > 0) === (data.byteLength > HEADER) && !(isReset && batch.seq > 0)
  return fits ? batch : null
}
