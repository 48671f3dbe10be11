import { Buffer, isUtf8 } from 'node:buffer'
import { Body } from './body.ts'
import type { CommandFrom, Peer } from './commands.ts'
import { type FrameError, frameError, type FrameErrorCode } from './errors.ts'
import type { Frame } from './frame.ts'
import { type Head, type ParserState, readHead, refusal, UNFINISHED } from './head.ts'
import { Octets } from './octets.ts'

const NUL = 0x00
const LF = 0x0a
const CR = 0x0d

/** The part of a frame to which the next octet belongs. */
type Phase = 'between-frames' | 'after-cr' | 'head' | 'body'

type Bound = readonly [octets: number, code: FrameErrorCode]

/**
 * Assembles frames from octets that arrive in any pieces.
 *
 * Each octet of a head is read once, when it arrives. Every limit holds from the first octet above it, also for a frame
 * that never ends.
 */
export class FrameAssembler<P extends Peer> {
  /** The number of octets of the current chunk that are read. */
  at = 0
  /** The form in which the current chunk came. */
  carrier: 'text' | 'bytes' = 'bytes'
  /** The number of EOLs between frames so far: heart-beats, or padding after a NUL (STOMP-F4). */
  eols = 0

  readonly #state: ParserState<P>
  #phase: Phase = 'between-frames'
  readonly #collected = new Octets()

  // The head that is arriving.
  #headSize = 0
  #lines = 0
  #lineSize = 0
  #lineStart = 0
  #seen = 0

  // The body that is arriving. Its size is counted apart from the collected octets, because an ignored body is not collected.
  #head: Head<P> | undefined
  #bodySize = 0

  constructor (state: ParserState<P>) {
    this.#state = state
  }

  get betweenFrames (): boolean {
    return this.#phase === 'between-frames'
  }

  /** Reads `chunk` from `at` on, as far as the end of a frame, the end of the chunk, or an error. */
  read (chunk: Buffer): Frame<CommandFrom<P>> | FrameError | undefined {
    while (this.at < chunk.length) {
      const result = this.#phase === 'body'
        ? this.#readBody(chunk, this.#head as Head<P>)
        : this.#phase === 'head' ? this.#readHead(chunk) : this.#skipEOLs(chunk)
      if (result !== undefined) return result
    }
    return undefined
  }

  #skipEOLs (chunk: Buffer): FrameError | undefined {
    for (; this.at < chunk.length; this.at++) {
      const octet = chunk[this.at]
      if (octet === LF) {
        this.eols++
        this.#phase = 'between-frames'
      } else if (this.#phase === 'after-cr') {
        return frameError('STOMP_STRAY_CARRIAGE_RETURN')
      } else if (octet === CR) {
        this.#phase = 'after-cr'
      } else {
        this.#phase = 'head'
        this.#headSize = this.#lines = this.#lineSize = this.#seen = 0
        return undefined
      }
    }
    return undefined
  }

  #readHead (chunk: Buffer): FrameError | undefined {
    const { limits } = this.#state
    const [longest, tooLong] = this.#headBound()
    const start = this.at
    // Local variables, because only this loop runs for each octet.
    let at = start
    let seen = this.#seen
    let lineSize = this.#lineSize
    let lineBound = this.#lines === 0 ? limits.command : limits.headerLine
    const end = Math.min(chunk.length, start + longest - this.#headSize)
    while (at < end) {
      const octet = chunk[at++] as number
      seen |= octet
      if (octet === NUL) return frameError('STOMP_NUL_IN_HEAD')
      if (octet !== LF) {
        if (lineSize === 0) this.#lineStart = octet
        if (++lineSize > lineBound) return this.#lineTooLong()
      } else if (lineSize === 0 || (lineSize === 1 && this.#lineStart === CR)) {
        this.at = at
        this.#headSize += at - start
        return this.#finishHead(this.#collected.takeWith(chunk.subarray(start, at)), seen < 0x80)
      } else {
        if (this.#lines++ > limits.headers) return frameError('STOMP_TOO_MANY_HEADERS', limits.headers)
        lineSize = 0
        lineBound = limits.headerLine
      }
    }
    if (end < chunk.length) return frameError(tooLong, longest)
    this.at = at
    this.#headSize += at - start
    this.#lineSize = lineSize
    this.#seen = seen
    this.#collected.add(chunk.subarray(start, at))
    return undefined
  }

  #headBound (): Bound {
    const { version, limits } = this.#state
    return version === undefined && limits.connectFrame < limits.head
      ? [limits.connectFrame, 'STOMP_CONNECT_FRAME_TOO_LONG']
      : [limits.head, 'STOMP_HEAD_TOO_LONG']
  }

  #lineTooLong (): FrameError {
    const { limits } = this.#state
    return this.#lines === 0
      ? frameError('STOMP_COMMAND_TOO_LONG', limits.command)
      : frameError('STOMP_HEADER_LINE_TOO_LONG', limits.headerLine)
  }

  #finishHead (octets: Buffer, ascii: boolean): FrameError | undefined {
    if (!ascii && !isUtf8(octets)) return frameError('STOMP_INVALID_UTF8')
    const head = readHead(octets.toString(ascii ? 'latin1' : 'utf8'), 0, this.#state)
    // The headers were counted while they arrived, but the limit has become smaller since then.
    if (head === UNFINISHED) return frameError('STOMP_TOO_MANY_HEADERS', this.#state.limits.headers)
    if ('code' in head) return head
    this.#head = head
    this.#bodySize = 0
    this.#phase = 'body'
    return head.body === 'kept' ? this.#checkBodySize(head, head.contentLength ?? 0) : undefined
  }

  #readBody (chunk: Buffer, head: Head<P>): Frame<CommandFrom<P>> | FrameError | undefined {
    const start = this.at
    const end = this.#endOfBody(chunk, head)
    if (head.body === 'refused' && end > start) return refusal('STOMP_BODY_NOT_ALLOWED', head.command, head.headers)
    this.#bodySize += end - start
    const tooLong = this.#checkBodySize(head, this.#bodySize)
    if (tooLong !== undefined) return tooLong

    const piece = head.body === 'kept' ? chunk.subarray(start, end) : chunk.subarray(end, end)
    if (end === chunk.length) {
      this.at = end
      this.#collected.add(piece)
      return undefined
    }
    if (chunk[end] !== NUL) return refusal('STOMP_BODY_LENGTH_MISMATCH', head.command, head.headers)
    this.at = end + 1
    this.#phase = 'between-frames'
    this.#head = undefined
    const octets = this.#collected.takeWith(piece)
    // The body is copied, because a message that is kept must not keep the chunk that it came in.
    const body = Body.from(octets === piece ? Buffer.from(piece) : octets, undefined, this.carrier)
    return { command: head.command, headers: head.headers, body }
  }

  /** Finds the end of the body: by content-length, NULs included (STOMP-B1), else at the first NUL (STOMP-B2). */
  #endOfBody (chunk: Buffer, head: Head<P>): number {
    // A command of 1.0 that should have no body has none if a NUL follows its head, with any content-length (U16).
    if (head.body === 'ignored' && this.#bodySize === 0 && chunk[this.at] === NUL) return this.at
    if (head.contentLength !== undefined) return Math.min(chunk.length, this.at + head.contentLength - this.#bodySize)
    const nul = chunk.indexOf(NUL, this.at)
    return nul === -1 ? chunk.length : nul
  }

  #checkBodySize (head: Head<P>, size: number): FrameError | undefined {
    const { version, limits } = this.#state
    const room = limits.connectFrame - this.#headSize - 1
    if (version === undefined && size > room && room < limits.body) {
      return refusal('STOMP_CONNECT_FRAME_TOO_LONG', head.command, head.headers, limits.connectFrame)
    }
    return size > limits.body ? refusal('STOMP_BODY_TOO_LONG', head.command, head.headers, limits.body) : undefined
  }
}
