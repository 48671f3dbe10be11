/** STOMP frames as octets, written as a case wants them and read with nothing forgiven. */
import { Mismatch, visible } from '../runner/expect.ts'

export const versions = ['1.0', '1.1', '1.2'] as const
export type Version = typeof versions[number]

export type Headers = Readonly<Record<string, string>> | readonly (readonly [string, string])[]

const escapes: Record<Version, Readonly<Record<string, string>>> = {
  '1.0': {},
  1.1: { '\\': '\\\\', '\n': '\\n', ':': '\\c' },
  1.2: { '\\': '\\\\', '\n': '\\n', ':': '\\c', '\r': '\\r' }
}

/** CONNECT and CONNECTED are never escaped (STOMP-E3). */
const bare = new Set(['CONNECT', 'STOMP', 'CONNECTED'])

export function escapeHeader (text: string, version: Version): string {
  return text.replace(/[\\\n:\r]/g, (found) => escapes[version][found] ?? found)
}

function unescapeHeader (text: string, version: Version): string {
  if (version === '1.0') return text
  const known = Object.entries(escapes[version])
  return text.replace(/\\[^]?/g, (found) => {
    const plain = known.find(([, escaped]) => escaped === found)?.[0]
    if (plain === undefined) throw new Mismatch(`the header text "${visible(text)}"`, `escapes of STOMP ${version} only`, visible(found))
    return plain
  })
}

const pairsOf = (headers: Headers): readonly (readonly [string, string])[] => Array.isArray(headers) ? headers : Object.entries(headers)

/** A frame for the wire. A body that holds a NUL gets its content-length; any other only what the case says. */
export function stompBytes (command: string, headers: Headers = {}, body: string | Uint8Array = '', version: Version = '1.2'): Buffer {
  const escape = (text: string): string => bare.has(command) ? text : escapeHeader(text, version)
  const octets = Buffer.from(body)
  const pairs = [...pairsOf(headers)]
  if (octets.includes(0) && !pairs.some(([name]) => name === 'content-length')) pairs.push(['content-length', String(octets.length)])
  const head = [command, ...pairs.map(([name, value]) => `${escape(name)}:${escape(value)}`)].join('\n')
  return Buffer.concat([Buffer.from(`${head}\n\n`), octets, Buffer.of(0)])
}

export class StompFrame {
  readonly command: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
  /** Command and header lines as they came, up to the empty line. */
  readonly head: string

  constructor (command: string, headers: readonly (readonly [string, string])[], body: Buffer, head: string) {
    this.command = command
    this.headers = headers
    this.body = body
    this.head = head
  }

  /** The first header of that name counts (STOMP-F9). */
  get (name: string): string | undefined {
    return this.headers.find(([key]) => key === name)?.[1]
  }

  all (name: string): string[] {
    return this.headers.filter(([key]) => key === name).map(([, value]) => value)
  }

  get text (): string {
    return this.body.toString('utf8')
  }

  /** For messages about what came instead. */
  toString (): string {
    return `${this.head}\n\n${this.text.slice(0, 200)}`
  }
}

const LF = 10
const CR = 13

/** Cuts a stream of octets into frames and empty lines. */
export class StompReader {
  version: Version = '1.0'
  private connected = false
  private left: Buffer = Buffer.alloc(0)
  private readonly endsLines: boolean

  /**
   * `endsLines` is true on TCP: a line feed that comes together with the NUL belongs to the frame (STOMP 1.2, Augmented BNF),
   * and is not a heart-beat.
   */
  constructor (endsLines = false) {
    this.endsLines = endsLines
  }

  /** Everything that these octets complete. A line feed between frames is `'eol'`. */
  push (octets: Buffer): (StompFrame | 'eol')[] {
    this.left = this.left.length === 0 ? octets : Buffer.concat([this.left, octets])
    const found: (StompFrame | 'eol')[] = []
    for (let item = this.next(); item !== undefined; item = this.next()) found.push(item)
    return found
  }

  /** A frame, or a part of one, has not come to its end. */
  get incomplete (): boolean {
    return this.left.length > 0
  }

  private next (): StompFrame | 'eol' | undefined {
    const [first, second] = this.left
    if (first === LF || (first === CR && second === LF)) {
      this.left = this.left.subarray(first === LF ? 1 : 2)
      return 'eol'
    }
    const end = /\n\r?\n/.exec(this.left.toString('latin1', 0, 65_536))
    if (end === null) return undefined
    const start = end.index + end[0].length
    const head = this.left.toString('utf8', 0, end.index)
    const [command = '', ...lines] = head.split(/\r?\n/)
    if (!/^[A-Z]+$/.test(command)) throw new Mismatch('the command of a frame', 'a command of STOMP', visible(head))
    const headers = lines.map((line) => this.header(line, command))
    const length = this.lengthOf(headers, command)
    const stop = length === undefined ? this.left.indexOf(0, start) : start + length
    if (stop < 0 || this.left.length <= stop) return undefined
    if (this.left[stop] !== 0) throw new Mismatch(`the octet behind the ${length} of the body of ${command}`, 'NUL', visible(this.left.subarray(start, stop + 1)))
    const frame = new StompFrame(command, headers, this.left.subarray(start, stop), head)
    this.left = this.left.subarray(this.endsLines && this.left[stop + 1] === LF ? stop + 2 : stop + 1)
    if (command === 'CONNECTED') this.agree(frame)
    return frame
  }

  private header (line: string, command: string): readonly [string, string] {
    const colon = line.indexOf(':')
    if (colon < 0) throw new Mismatch(`a header line of ${command}`, 'a name, a colon and a value', visible(line))
    // Nothing is escaped for certain before the version is known (STOMP-E4).
    const plain = (text: string): string => bare.has(command) || !this.connected ? text : unescapeHeader(text, this.version)
    return [plain(line.slice(0, colon)), plain(line.slice(colon + 1))]
  }

  private lengthOf (headers: readonly (readonly [string, string])[], command: string): number | undefined {
    const text = headers.find(([name]) => name === 'content-length')?.[1]
    if (text === undefined) return undefined
    if (!/^\d{1,9}$/.test(text)) throw new Mismatch(`content-length of ${command}`, 'a number of octets', visible(text))
    return Number(text)
  }

  private agree (frame: StompFrame): void {
    const version = frame.get('version') ?? '1.0'
    this.connected = true
    this.version = versions.find((known) => known === version) ?? '1.0'
  }
}
