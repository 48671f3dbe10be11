import { Buffer } from 'node:buffer'
import { Body } from './body.ts'
import type { CommandFrom, Peer } from './commands.ts'
import type { Frame } from './frame.ts'
import { type ParserState, readHead, UNFINISHED } from './head.ts'

/**
 * Slices of a text keep all of it in memory, so a frame is read from the text itself only where little else is in
 * it. What a subscription keeps of its frame then holds no more than this beside that frame.
 */
const SLACK = 4096

const NOT_ASCII = /[^\0-\x7f]/

export interface TextFrame<P extends Peer> {
  readonly frame: Frame<CommandFrom<P>>
  readonly end: number
}

/**
 * The short way for what nearly every WebSocket text message is: one whole frame, with an ASCII head, and nothing
 * wrong with it. `undefined` for everything else; the assembler then reads the same text as octets and finds out
 * what is the matter, so that each rule about mistakes and limits stands in one place only.
 */
export function readTextFrame<P extends Peer> (text: string, from: number, state: ParserState<P>): TextFrame<P> | undefined {
  const firstNul = text.indexOf('\0', from)
  if (firstNul === -1) return undefined
  const head = readHead(text, from, state)
  if (head === UNFINISHED || 'code' in head || head.end > firstNul) return undefined

  const headText = text.slice(from, head.end)
  if (NOT_ASCII.test(headText) || exceedsHeadLimits(headText, state)) return undefined

  const end = head.contentLength === undefined ? firstNul : endOfCountedBody(text, head.end, firstNul, head.contentLength)
  if (end === undefined || text.length - (end - from) > SLACK || (head.body !== 'kept' && end > head.end)) return undefined

  const body = Body.from(text.slice(head.end, end), head.contentLength)
  if (exceedsBodyLimit(headText.length, body, state)) return undefined
  return { frame: { command: head.command, headers: head.headers, body }, end: end + 1 }
}

/** The index of the NUL after exactly `length` octets; text is counted in UTF-16 units, content-length is not. */
function endOfCountedBody (text: string, start: number, firstNul: number, length: number): number | undefined {
  let octets = 0
  for (let from = start, nul = firstNul; nul !== -1; from = nul, nul = text.indexOf('\0', nul + 1)) {
    octets += Buffer.byteLength(text.slice(from, nul))
    if (octets >= length) return octets === length ? nul : undefined
  }
  return undefined
}

/** Cruder than the limits themselves, for the longest line is not known here; in ASCII a unit is an octet. */
function exceedsHeadLimits (head: string, { limits }: ParserState): boolean {
  return head.indexOf('\n') > limits.command || head.length > Math.min(limits.headerLine, limits.head)
}

function exceedsBodyLimit (headSize: number, body: Body, { limits, version }: ParserState): boolean {
  const room = version === undefined ? limits.connectFrame - headSize - 1 : limits.body
  return body.length > Math.min(room, limits.body)
}
