import type { KeptEntry } from '../store/log.ts'

/** The bytes of messages in one page. A larger message has a page of its own. */
export const PAGE = 1024 * 1024

/** The bytes before the data of each message: offset (8), previous (8), length of the data (4). */
const HEAD = 20

/** The outcome of a read, as a number on the wire. */
export const OUTCOME = { missing: 0, last: 1, more: 2 } as const

/** A message of a page. */
export type PageEntry = Pick<KeptEntry, 'offset' | 'previous' | 'data'>

export function writePage ({ entries }: { readonly entries: readonly PageEntry[] }): Buffer {
  const bytes = Buffer.allocUnsafe(entries.reduce((sum, { data }) => sum + HEAD + data.byteLength, 0))
  let at = 0
  for (const { offset, previous, data } of entries) {
    bytes.writeDoubleBE(offset, at)
    bytes.writeDoubleBE(previous, at + 8)
    bytes.writeUInt32BE(data.byteLength, at + 16)
    bytes.set(data, at + HEAD)
    at += HEAD + data.byteLength
  }
  return bytes
}

/** Reads the messages of a page. Their data are copies. */
export function readPage (bytes: Buffer): PageEntry[] {
  const entries: PageEntry[] = []
  for (let at = 0; at < bytes.length;) {
    const end = at + HEAD + bytes.readUInt32BE(at + 16)
    entries.push({ offset: bytes.readDoubleBE(at), previous: bytes.readDoubleBE(at + 8), data: Buffer.from(bytes.subarray(at + HEAD, end)) })
    at = end
  }
  return entries
}
