import { clientError } from './errors.ts'
import type { Frame, GivenHeaders } from './frame.ts'

/** The letter of each character that may have an escape sequence. */
const LETTERS: Readonly<Record<string, string>> = { '\\': '\\', '\n': 'n', ':': 'c', '\r': 'r' }

/** The characters that have an escape sequence, by version. CONNECT, CONNECTED and 1.0 escape none. [STOMP 1.2, Value Encoding] */
const ESCAPED: Readonly<Record<string, string>> = { 1.1: '\\\n:', 1.2: '\\\n:\r' }

/** Makes a frame. A character of a header that the version cannot carry is left out. */
export function encodeFrame (version: string, command: string, headers: GivenHeaders, body = ''): string {
  const escaped = ESCAPED[version] ?? ''
  const escape = (text: unknown): string => `${text}`.replace(/[\\\n:\r\0]/g, (character) =>
    escaped.includes(character) ? '\\' + LETTERS[character] : /[\\:]/.test(character) ? character : '')
  // Without the length, a NUL would end the body. [STOMP 1.2, Body]
  const all = { ...headers, 'content-length': body.includes('\0') ? octets(body) : null }
  return `${command}\n${Object.entries(all).map(([name, value]) => value == null ? '' : `${escape(name)}:${escape(value)}\n`).join('')}\n${body}\0`
}

/** Reads the frames of a server, which may come in pieces. */
export interface FrameReader {
  /** The version of the session, empty before CONNECTED. */
  version: string
  /**
   * Takes a text, and gives the frames that are complete.
   *
   * @throws STOMP_CLIENT_BAD_FRAME
   */
  read (text: string): Generator<Frame>
}

/** @param limit the characters of a frame */
export function frameReader (limit: number): FrameReader {
  let rest = ''
  const reader = {
    version: '',
    * read (text: string) {
      rest += text
      for (;;) {
        // The ends of lines between frames are heart-beats.
        rest = rest.replace(/^[\r\n]+/, '')
        const [frame, end] = readFrame(rest, reader.version) ?? []
        if ((end ?? rest.length) > limit) bad(`more than ${limit} characters`)
        if (!frame) return
        rest = rest.slice(end)
        yield frame
      }
    }
  }
  return reader
}

/** Reads the frame at the beginning of a text. Returns `undefined` if its end has not come. */
function readFrame (text: string, version: string): [frame: Frame, end: number] | undefined {
  let nul = text.indexOf('\0')
  if (nul < 0) return
  const [whole, head] = /^([^]*?)\r?\n\r?\n/.exec(text.slice(0, nul)) ?? bad('no empty line')
  const [command, ...lines] = head!.split(/\r?\n/)
  const escaped = command === 'CONNECTED' ? '' : ESCAPED[version]
  const unescape = (text: string): string => escaped
    ? text.replace(/\\([^]?)/g, (sequence, letter) => [...escaped].find((character) => LETTERS[character] === letter) ?? bad(sequence))
    : text
  const headers: Record<string, string> = Object.create(null)
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 1) bad(line)
    // Of a header that stands there twice, the first value counts. [STOMP 1.2, Repeated Header Entries]
    headers[unescape(line.slice(0, colon))] ??= unescape(line.slice(colon + 1))
  }
  const length = headers['content-length']
  const body = (): string => text.slice(whole.length, nul)
  if (length) {
    let count
    while ((count = octets(body())) < +length) if ((nul = text.indexOf('\0', nul + 1)) < 0) return
    if (count !== +length) bad('content-length')
  }
  return [{ command: command!, headers, body: body() }, nul + 1]
}

function bad (problem: string): never {
  throw clientError('BAD_FRAME', problem)
}

/** Counts the octets of a text in UTF-8. React Native has no `TextEncoder` in all versions. */
function octets (text: string): number {
  let count = text.length
  if (/[^\0-\x7f]/.test(text)) for (const character of text) count += character < '\u0080' ? 0 : character < '\u0800' ? 1 : 2
  return count
}
