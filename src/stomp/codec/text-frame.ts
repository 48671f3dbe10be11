import { Buffer } from 'node:buffer'
import { Body } from './body.ts'
import type { CommandFrom, Peer } from './commands.ts'
import type { Frame } from './frame.ts'
import { type Head, type KnownHead, type ParserState, readHead, UNFINISHED } from './head.ts'

/**
 * The most text, in UTF-16 units, that may stand beside a frame that is read from the text itself.
 *
 * A slice keeps the whole text in memory, and a subscription keeps slices of its frame. So they keep at most this much
 * beside the frame.
 */
const SLACK = 4096

/**
 * The longest text, in UTF-16 units, whose head is kept for the next frame. The head is a slice of it, and a session that is idle
 * keeps the whole text, the headers, and the facts that the session has found in them.
 */
const MOST_KEPT = 512

/** ASCII without a CR and a backslash. */
const PLAIN = /^[\0-\x0c\x0e-\x5b\x5d-\x7f]*$/
const NOT_ASCII = /[^\0-\x7f]/

export interface TextFrame<P extends Peer> {
  readonly frame: Frame<CommandFrom<P>>
  readonly end: number
}

/**
 * Reads a text that is one whole frame with an ASCII head and no fault, as most WebSocket messages are.
 *
 * Returns `undefined` for other texts. The assembler then reads the same text as octets and finds the fault,
 * so that each rule about mistakes and limits stands in one place only.
 */
export function readTextFrame<P extends Peer> (text: string, from: number, state: ParserState<P>): TextFrame<P> | undefined {
  const { known } = state
  if (known !== null && text.startsWith(known.text, from)) return readKnownHead(text, from, state, known)
  const firstNul = text.indexOf('\0', from)
  if (firstNul === -1) return undefined
  const plain = isPlain(text, from)
  const head = readHead(text, from, state, plain)
  if (head === UNFINISHED || 'code' in head || head.end > firstNul) return undefined

  const headText = text.slice(from, head.end)
  if ((!plain && NOT_ASCII.test(headText)) || exceedsHeadLimits(headText, state)) return undefined

  if (head.body === 'kept' && text.length <= MOST_KEPT) state.known = { text: headText, head: null }
  return readBody(text, from, head.end, firstNul, head, state)
}

/** Reads a frame whose head has come before. Nothing in the head is read or judged again, because the text, the version and the limits are the same. */
function readKnownHead<P extends Peer> (text: string, from: number, state: ParserState<P>, known: KnownHead<P>): TextFrame<P> | undefined {
  const start = from + known.text.length
  const firstNul = text.indexOf('\0', start)
  if (firstNul === -1) return undefined
  known.head ??= readHead(known.text, 0, state) as Head<P>
  return readBody(text, from, start, firstNul, known.head, state)
}

/** Reads the body, which begins at `start`. The head begins at `from`. */
function readBody<P extends Peer> (text: string, from: number, start: number, firstNul: number, head: Head<P>, state: ParserState<P>): TextFrame<P> | undefined {
  const end = head.contentLength === undefined ? firstNul : endOfCountedBody(text, start, firstNul, head.contentLength)
  if (end === undefined || text.length - (end - from) > SLACK || (head.body !== 'kept' && end > start)) return undefined

  const body = Body.from(text.slice(start, end), head.contentLength)
  if (exceedsBodyLimit(start - from, body, state)) return undefined
  return { frame: { command: head.command, headers: head.headers, body }, end: end + 1 }
}

/** Tells whether a head whose lines end in LF alone has nothing to decode. */
function isPlain (text: string, from: number): boolean {
  const end = text.indexOf('\n\n', from)
  return end !== -1 && PLAIN.test(text.slice(from, end))
}

/** Finds the NUL after exactly `length` octets. It counts octets, because an index of the text counts UTF-16 units. */
function endOfCountedBody (text: string, start: number, firstNul: number, length: number): number | undefined {
  let octets = 0
  for (let from = start, nul = firstNul; nul !== -1; from = nul, nul = text.indexOf('\0', nul + 1)) {
    octets += Buffer.byteLength(text.slice(from, nul))
    if (octets >= length) return octets === length ? nul : undefined
  }
  return undefined
}

/**
 * Compares the whole head with the limit of one line, because the longest line is not known here.
 *
 * A head that is refused here may still be right: the assembler decides. In ASCII a unit is an octet.
 */
function exceedsHeadLimits (head: string, { limits }: Pick<ParserState, 'limits'>): boolean {
  return head.indexOf('\n') > limits.command || head.length > Math.min(limits.headerLine, limits.head)
}

function exceedsBodyLimit (headSize: number, body: Body, { limits, version }: Pick<ParserState, 'limits' | 'version'>): boolean {
  const room = version === undefined ? limits.connectFrame - headSize - 1 : limits.body
  return body.length > Math.min(room, limits.body)
}
