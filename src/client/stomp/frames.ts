import { platform } from '../platform.ts'
import { clientError } from './errors.ts'
import type { Frame, GivenHeaders } from './frame.ts'

/** The letters of the characters that have an escape sequence. CONNECT and CONNECTED escape none. [STOMP 1.2, Value Encoding] */
const LETTERS: Readonly<Record<string, string>> = { '\\': '\\', '\n': 'n', ':': 'c', '\r': 'r' }

/** Makes a frame. A character of a header that the frame cannot carry is left out. */
export function encodeFrame (command: string, headers: GivenHeaders, body = ''): string {
  const escape = (text: unknown): string => `${text}`.replace(command === 'CONNECT' ? /[\n\r\0]/g : /[\\\n:\r\0]/g, (character) =>
    command === 'CONNECT' || character === '\0' ? '' : '\\' + LETTERS[character])
  // Without the length, a NUL would end the body. [STOMP 1.2, Body]
  const all = { ...headers, 'content-length': body.includes('\0') ? octets(body) : null }
  return `${command}\n${Object.entries(all).map(([name, value]) => value == null ? '' : `${escape(name)}:${escape(value)}\n`).join('')}\n${body}\0`
}

/**
 * Reads the frame at the beginning of a text. Returns it with its length, or `undefined` if its end has not come.
 *
 * @throws STOMP_CLIENT_BAD_FRAME
 */
export function readFrame (text: string): readonly [frame: Frame, length: number] | undefined {
  let nul = text.indexOf('\0')
  if (nul < 0) return
  const [whole, head] = /^([^]*?)\r?\n\r?\n/.exec(text.slice(0, nul)) ?? bad('no empty line')
  const [command, ...lines] = head!.split(/\r?\n/)
  const unescape = (text: string): string => command === 'CONNECTED'
    ? text
    : text.replace(/\\([^]?)/g, (sequence, letter) => Object.keys(LETTERS).find((character) => LETTERS[character] === letter) ?? bad(sequence))
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

/** Counts the octets of a text in UTF-8. */
function octets (text: string): number {
  return new platform.TextEncoder().encode(text).length
}
