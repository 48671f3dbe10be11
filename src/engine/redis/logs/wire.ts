import type { LogEntry, Position } from '../../logs.ts'

/** The line before a message that arrives: epoch, offset, and the offset of the message before it. */
const LINE = /^([\w-]{1,64}) (\d{1,15}) (\d{1,15})$/

/** The most bytes of that line. */
const LONGEST_LINE = 64 + 2 * 16

/** Reads a message that arrives on the channel of its log. Returns `null` for rubbish of a stranger. */
export function arrivedEntry (log: string, bytes: Uint8Array): LogEntry | null {
  const end = bytes.subarray(0, LONGEST_LINE + 1).indexOf(10)
  const [, epoch = '', offset, previous] = LINE.exec(end < 0 ? '' : textOf(bytes.subarray(0, end))) ?? []
  return epoch === '' ? null : { log, epoch, offset: Number(offset), previous: Number(previous), data: bytes.subarray(end + 1) }
}

/** One entry of a stream, as Redis answers it: its id, and the field with its message. */
export type KeptEntry = readonly [id: Uint8Array, fields: readonly [Uint8Array, Uint8Array]]

/** Reads an entry of a stream. Its id has the offset and that of the message before it. */
export function keptEntry (log: string, epoch: string, [id, [, data]]: KeptEntry): LogEntry {
  const [offset, previous] = textOf(id).split('-').map(Number) as [number, number]
  return { log, epoch, offset, previous, data }
}

/** Reads a position, as Redis answers it. */
export function positionOf ([epoch, offset]: readonly [Uint8Array, Uint8Array]): Position {
  return { epoch: textOf(epoch), offset: Number(textOf(offset)) }
}

/** Reads the epoch, which stands first in an answer. */
export function epochOf ([epoch]: readonly [Uint8Array, unknown]): string { return textOf(epoch) }

/** The text of bytes that are ASCII. */
function textOf (bytes: Uint8Array): string { return String.fromCharCode(...bytes) }
