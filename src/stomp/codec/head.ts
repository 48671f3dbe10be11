import { type Command, type CommandFrom, commandNamed, type Peer, ruleOf } from './commands.ts'
import { type FrameError, frameError, type FrameErrorCode } from './errors.ts'
import { type HeaderRules, headerRulesFor, plainRulesFor, unescapeText } from './escaping.ts'
import { FrameHeaders } from './headers.ts'
import type { FrameLimits } from './limits.ts'
import { negotiateVersion, type Version } from './versions.ts'

/** The state of a parser. The limits and the version may change between two frames. */
export interface ParserState<P extends Peer = Peer> {
  readonly from: P
  limits: FrameLimits
  /** The version of the connection, `undefined` until one is agreed. */
  version: Version | undefined
  /** The head of the last frame with a body, if its text was short. It was read with the version and the limits of now. */
  known: KnownHead<P> | null
}

/**
 * A head whose exact text may come again, because most clients send frame after frame to one destination.
 *
 * With the destinations that are not parsed again, it took the STOMP echo with 10 messages in flight to 0.88 of its time.
 */
export interface KnownHead<P extends Peer = Peer> {
  readonly text: string
  /** The head, once its text has come a second time. All frames from then on share its headers. */
  head: Head<P> | null
}

export interface Head<P extends Peer = Peer> {
  readonly command: CommandFrom<P>
  readonly headers: FrameHeaders
  /** The octets of the body. On a command that should have no body, it counts only if a body follows (U16). */
  readonly contentLength: number | undefined
  /** STOMP-B5: only some commands carry a body. On the others 1.0 ignores a body, and later versions refuse it. */
  readonly body: 'kept' | 'ignored' | 'refused'
  /** The index at which the body starts. */
  readonly end: number
}

/** The answer if the head does not end in this text, or has more headers than the limit. */
export const UNFINISHED = Symbol('unfinished')

const CR = 0x0d

/**
 * Reads the command and the headers up to the empty line. The first mistake is reported, but the rest is read too,
 * because the answer needs a `receipt` that stands further down (STOMP-X1).
 *
 * `plain` tells that the head is ASCII without a CR and without a backslash, so that its lines need no decoding.
 */
export function readHead<P extends Peer> (
  text: string,
  from: number,
  state: ParserState<P>,
  plain = false
): Head<P> | FrameError | typeof UNFINISHED {
  const { version } = state
  let lineEnd = text.indexOf('\n', from)
  if (lineEnd === -1) return UNFINISHED
  const command = commandNamed(text.slice(from, withoutCR(text, from, lineEnd)), state.from, version)
  const rules = plain ? plainRulesFor(version) : headerRulesFor(command, version)

  const headers = new FrameHeaders()
  let mistake: FrameErrorCode | undefined = command === undefined ? 'STOMP_UNKNOWN_COMMAND' : undefined
  let start = lineEnd + 1
  for (let count = 0; ; count++) {
    lineEnd = text.indexOf('\n', start)
    if (lineEnd === -1) return UNFINISHED
    const stop = withoutCR(text, start, lineEnd)
    if (stop === start) break
    if (count === state.limits.headers) return UNFINISHED
    const problem = readHeader(text, start, stop, headers, rules)
    mistake ??= problem
    start = lineEnd + 1
  }
  if (command === undefined || mistake !== undefined) return refusal(mistake ?? 'STOMP_UNKNOWN_COMMAND', command, headers)
  return completeHead(command, headers, version, lineEnd + 1)
}

/** Adds one header line to `headers`, or returns the code of its fault. */
function readHeader (text: string, start: number, stop: number, headers: FrameHeaders, rules: HeaderRules): FrameErrorCode | undefined {
  if (!rules.bareCR && text.slice(start, stop).includes('\r')) return 'STOMP_STRAY_CARRIAGE_RETURN'
  const colon = text.indexOf(':', start)
  if (colon === -1 || colon >= stop) return 'STOMP_HEADER_WITHOUT_COLON'
  const name = readText(text.slice(start, colon), rules)
  const value = readText(text.slice(colon + 1, stop), rules)
  if (name === undefined || value === undefined) return 'STOMP_UNDEFINED_ESCAPE'
  if (name === '') return 'STOMP_EMPTY_HEADER_NAME'
  if (name === 'content-length' && (headers.get(name) ?? value) !== value) return 'STOMP_CONFLICTING_CONTENT_LENGTH'
  headers.add(name, value)
  return undefined
}

function readText (raw: string, rules: HeaderRules): string | undefined {
  return unescapeText(rules.trims ? raw.trim() : raw, rules)
}

/** Applies the rules that need the whole head. */
function completeHead<P extends Peer> (
  command: CommandFrom<P>,
  collected: FrameHeaders,
  version: Version | undefined,
  end: number
): Head<P> | FrameError {
  // A CONNECT without accept-version comes from a 1.0 client, which usually writes `login: guest` with a space.
  const spoken = version ?? versionAskedFor(command, collected)
  const headers = version === undefined && spoken === '1.0' ? collected.trimmed() : collected
  if (headers.has('')) return refusal('STOMP_EMPTY_HEADER_NAME', command, headers)

  const contentLength = readContentLength(headers.get('content-length'))
  if (Number.isNaN(contentLength)) return refusal('STOMP_BAD_CONTENT_LENGTH', command, headers)

  const body = ruleOf(command).body ? 'kept' : spoken === '1.0' ? 'ignored' : 'refused'
  // Clients that answer a MESSAGE by ACK with all of its headers send its content-length too, and no body (U16).
  return { command, headers, contentLength: body === 'refused' ? undefined : contentLength, body, end }
}

/** Makes an error that carries the receipt that the frame asked for. */
export function refusal (
  code: FrameErrorCode,
  command: Command | undefined,
  headers: FrameHeaders,
  limit?: number
): FrameError {
  // A receipt on CONNECT is not allowed and not answered (STOMP-C10).
  const answers = command === undefined || ruleOf(command).escaped
  return frameError(code, limit, answers ? headers.get('receipt') : undefined)
}

/** Reads at most 15 digits: no sign, no exponent, no hexadecimal, no number that a double rounds (STOMP-B4, SEC-S59). */
function readContentLength (value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  return /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
}

function versionAskedFor (command: Command, headers: FrameHeaders): Version | undefined {
  if (command !== 'CONNECT' && command !== 'STOMP') return undefined
  const version = negotiateVersion(headers.get('accept-version'))
  return typeof version === 'string' ? version : undefined
}

/** Finds the end of a line without the CR that may stand before its LF, in every version (STOMP-F2). */
function withoutCR (text: string, start: number, lineEnd: number): number {
  return lineEnd > start && text.charCodeAt(lineEnd - 1) === CR ? lineEnd - 1 : lineEnd
}
