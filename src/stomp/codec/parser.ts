import { Buffer } from 'node:buffer'
import { FrameAssembler } from './assembler.ts'
import { asBuffer } from './body.ts'
import type { CommandFrom, Peer } from './commands.ts'
import type { FrameError } from './errors.ts'
import type { Frame } from './frame.ts'
import type { ParserState } from './head.ts'
import { DEFAULT_LIMITS, type FrameLimits } from './limits.ts'
import { readTextFrame, type TextFrame } from './text-frame.ts'
import type { Version } from './versions.ts'

const LF = 0x0a
const CR = 0x0d
const NOTHING = Buffer.alloc(0)

export interface FrameParserOptions<P extends Peer = Peer> {
  /** The side that sends the frames. The commands of the other side are unknown (STOMP-U1). Default: client. */
  readonly from?: P
  readonly limits?: Partial<FrameLimits>
  /** The version, if it is known from the start. */
  readonly version?: Version
}

/**
 * Reads frames from text and octets that come in any pieces (STOMP-F10).
 *
 * `next()` reads one frame and not further, because the CONNECT decides by which version the next octets are read.
 */
export class FrameParser<P extends Peer = 'client'> {
  readonly #state: ParserState<P>
  readonly #assembler: FrameAssembler<P>
  /** True after an error. The parser reads nothing after it. */
  #failed = false
  #textEOLs = 0

  // The chunks after the current one.
  #waiting: (string | Uint8Array)[] = []
  #waitingLength = 0
  #begun = 0

  #text = ''
  #textAt = 0
  #octets: Buffer = NOTHING
  /** The first half of a surrogate pair that the end of a text chunk cut in two (STOMP-W4). */
  #halfPair = ''

  constructor (options: FrameParserOptions<P> = {}) {
    this.#state = {
      from: options.from ?? 'client' as P,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      version: options.version,
      known: null
    }
    this.#assembler = new FrameAssembler(this.#state)
  }

  /** Sets the version of the next frames. The limit of frames before CONNECTED does not hold for them. */
  connected (version: Version, limits: Partial<FrameLimits> = {}): void {
    this.#state.version = version
    this.#state.known = null
    this.#state.limits = { ...this.#state.limits, ...limits }
  }

  /** The number of EOLs between frames so far. Each may be a heart-beat (STOMP-F4, SEC-S35). */
  get eols (): number {
    return this.#textEOLs + this.#assembler.eols
  }

  /** The length of the unread input, in octets or UTF-16 units. The part of a frame that is read already does not count. */
  get pending (): number {
    return this.#waitingLength + this.#text.length - this.#textAt + this.#octets.length - this.#assembler.at
  }

  /** True when the input so far ended at the end of a frame. Tests alone ask, because a frame that is half read shows nothing else. */
  get betweenFrames (): boolean {
    return this.#assembler.betweenFrames && this.#halfPair === ''
  }

  /** Takes input from the peer. Octets must not change until `next()` has returned `undefined`. */
  push (chunk: string | Uint8Array): void {
    if (this.#failed || chunk.length === 0) return
    // Most messages find nothing before them.
    if (!this.#hasInput()) return this.#begin(chunk)
    this.#waiting.push(chunk)
    this.#waitingLength += chunk.length
  }

  /**
   * Reads the next frame. Returns an error, which is the last result, or `undefined` if it needs more input.
   * Do not call it between a CONNECT and `connected()`, because the version of the next frame is not known.
   */
  next (): Frame<CommandFrom<P>> | FrameError | undefined {
    while (!this.#failed && this.#hasInput()) {
      const result = this.#readText() ?? this.#readOctets()
      if (result !== undefined) {
        if ('code' in result) this.#fail()
        return result
      }
    }
    return undefined
  }

  * [Symbol.iterator] (): Generator<Frame<CommandFrom<P>> | FrameError, void, undefined> {
    for (let result = this.next(); result !== undefined; result = this.next()) yield result
  }

  #hasInput (): boolean {
    return this.#textAt < this.#text.length || this.#assembler.at < this.#octets.length || this.#beginNext()
  }

  /** Makes the next waiting chunk the current one. */
  #beginNext (): boolean {
    const chunk = this.#waiting[this.#begun]
    if (chunk === undefined) return false
    if (++this.#begun === this.#waiting.length) {
      this.#waiting = []
      this.#begun = 0
    }
    this.#waitingLength -= chunk.length
    this.#begin(chunk)
    return true
  }

  #begin (chunk: string | Uint8Array): void {
    const halfPair = this.#halfPair
    this.#halfPair = ''
    this.#assembler.carrier = typeof chunk === 'string' ? 'text' : 'bytes'
    if (typeof chunk === 'string') this.#useText(halfPair + chunk)
    else this.#useOctets(halfPair === '' ? asBuffer(chunk) : Buffer.concat([Buffer.from(halfPair), chunk]))
  }

  #useText (text: string): void {
    this.#text = text
    this.#textAt = 0
  }

  #useOctets (octets: Buffer): void {
    this.#octets = octets
    this.#assembler.at = 0
  }

  /** Reads a frame that stands whole in the text. */
  #readText (): Frame<CommandFrom<P>> | undefined {
    if (this.#text === '') return undefined
    const read = this.#assembler.betweenFrames ? this.#readWholeFrame() : undefined
    if (read === undefined) this.#leaveText()
    else if (read.end === this.#text.length) this.#useText('')
    else this.#textAt = read.end
    return read?.frame
  }

  #readWholeFrame (): TextFrame<P> | undefined {
    this.#skipEOLs()
    return readTextFrame(this.#text, this.#textAt, this.#state)
  }

  /** Hands the rest of the text to the assembler, as octets. */
  #leaveText (): void {
    let end = this.#text.length
    if (this.#textAt === end) return this.#useText('')
    if (isHighSurrogate(this.#text.charCodeAt(end - 1))) {
      end--
      this.#halfPair = this.#text.slice(end)
    }
    this.#useOctets(Buffer.from(this.#text.slice(this.#textAt, end)))
    this.#useText('')
  }

  #readOctets (): Frame<CommandFrom<P>> | FrameError | undefined {
    const result = this.#assembler.read(this.#octets)
    // A server has many idle connections, and none of them may keep its last chunk in memory.
    if (this.#assembler.at === this.#octets.length) this.#useOctets(NOTHING)
    return result
  }

  #skipEOLs (): void {
    const text = this.#text
    for (;; this.#textEOLs++) {
      const unit = text.charCodeAt(this.#textAt)
      if (unit === LF) this.#textAt++
      else if (unit === CR && text.charCodeAt(this.#textAt + 1) === LF) this.#textAt += 2
      else return
    }
  }

  #fail (): void {
    this.#failed = true
    this.#waiting = []
    this.#waitingLength = 0
    this.#useText('')
    this.#useOctets(NOTHING)
  }
}

function isHighSurrogate (unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}
