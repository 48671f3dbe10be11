import type { Target } from './target.ts'
import { ConnectionLostError, type Wire } from './wire.ts'

export interface RequestOptions {
  headers?: Record<string, string | string[]>
  body?: string | Uint8Array
  version?: '1.0' | '1.1'
  /** No Content-Length of our own: the case says itself how its body is delimited. */
  unsized?: boolean
  localAddress?: string
}

/** The bytes that came are no response of HTTP. */
export class NotHttpError extends Error {
  override name = 'NotHttpError'
}

/** The exact bytes of a request. A body gets its Content-Length unless the case forbids it. */
export function requestBytes (target: Target, method: string, path: string, options: RequestOptions = {}): Buffer {
  const headers = Object.entries(options.headers ?? {})
  const named = (name: string): boolean => headers.some(([key]) => key.toLowerCase() === name)
  const lines = [`${method} ${path} HTTP/${options.version ?? '1.1'}`]
  if (!named('host')) lines.push(`Host: ${target.authority}`)
  for (const [name, values] of headers) {
    for (const value of Array.isArray(values) ? values : [values]) lines.push(`${name}: ${value}`)
  }
  const body = Buffer.from(options.body ?? '')
  const sized = options.unsized !== true && !named('content-length') && !named('transfer-encoding')
  if (sized && (options.body !== undefined || method === 'POST')) lines.push(`Content-Length: ${body.length}`)
  return Buffer.concat([Buffer.from(lines.join('\r\n') + '\r\n\r\n', 'latin1'), body])
}

/** Header fields in the order and spelling of the wire. */
export class Fields {
  readonly raw: readonly (readonly [string, string])[]

  constructor (raw: readonly (readonly [string, string])[]) {
    this.raw = raw
  }

  all (name: string): string[] {
    return this.raw.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
  }

  get (name: string): string | undefined {
    const values = this.all(name)
    return values.length === 0 ? undefined : values.join(', ')
  }

  has (name: string): boolean {
    return this.all(name).length > 0
  }
}

export interface Head {
  readonly statusLine: string
  readonly version: string
  readonly status: number
  readonly fields: Fields
}

export interface Answer extends Head {
  /** The request in short, for messages. */
  readonly request: string
  readonly body: Buffer
  /** Chunks as the server cut them, when it did. */
  readonly chunks: readonly Buffer[]
}

/** One response, read piece by piece. */
export class Incoming implements Head {
  readonly wire: Wire
  readonly request: string
  readonly statusLine: string
  readonly version: string
  readonly status: number
  readonly fields: Fields
  private readonly framing: 'none' | 'length' | 'chunked' | 'close'
  private left: number
  private over: boolean

  private constructor (wire: Wire, method: string, request: string, statusLine: string, fields: Fields) {
    const [, version = '', status = ''] = /^HTTP\/(\d\.\d) (\d{3})/.exec(statusLine) ?? []
    this.wire = wire
    this.request = request
    this.statusLine = statusLine
    this.version = version
    this.status = Number(status)
    this.fields = fields
    const bodiless = method === 'HEAD' || this.status === 204 || this.status === 304 || this.status < 200
    this.framing = bodiless
      ? 'none'
      : /chunked/i.test(fields.get('transfer-encoding') ?? '') ? 'chunked' : fields.has('content-length') ? 'length' : 'close'
    this.left = Number(fields.get('content-length') ?? 0)
    this.over = bodiless
  }

  static async read (wire: Wire, method: string, request: string): Promise<Incoming> {
    const statusLine = await wire.line(`the status line of ${request}`)
    if (!/^HTTP\/1\.[01] \d{3}( |$)/.test(statusLine)) throw new NotHttpError(`${request}: not a status line: ${JSON.stringify(statusLine)}`)
    const raw: [string, string][] = []
    for (let line = await wire.line(`the headers of ${request}`); line !== ''; line = await wire.line(`the headers of ${request}`)) {
      const colon = line.indexOf(':')
      if (colon < 1) throw new NotHttpError(`${request}: not a header line: ${JSON.stringify(line)}`)
      raw.push([line.slice(0, colon), line.slice(colon + 1).trim()])
    }
    return new Incoming(wire, method, request, statusLine, new Fields(raw))
  }

  /** The next chunk exactly as sent, or undefined at the end of the response. */
  async chunk (what = 'the next chunk'): Promise<Buffer | undefined> {
    const of = `${what} of ${this.request}`
    if (this.over) return undefined
    if (this.framing === 'chunked') {
      const line = await this.wire.line(of)
      if (!/^[0-9a-f]+$/i.test(line)) throw new NotHttpError(`${this.request}: not a chunk size: ${JSON.stringify(line)}`)
      const bytes = await this.wire.take(parseInt(line, 16), of)
      const closing = await this.wire.take(2, of)
      if (closing.toString('latin1') !== '\r\n') throw new NotHttpError(`${this.request}: a chunk does not end in CRLF`)
      if (bytes.length > 0) return bytes
      this.over = true
      return undefined
    }
    this.over = true
    const bytes = this.framing === 'length' ? await this.wire.take(this.left, of) : await this.wire.rest(of)
    this.left = 0
    return bytes.length === 0 ? undefined : bytes
  }

  /** The next bytes as they come, whatever delimits the body, or undefined at its end. */
  async piece (what = 'the next bytes'): Promise<Buffer | undefined> {
    if (this.framing === 'chunked' || this.over) return await this.chunk(what)
    if (this.framing === 'length' && this.left === 0) return undefined
    const bytes = await this.wire.some(`${what} of ${this.request}`)
    if (this.framing === 'length') {
      this.left -= bytes.length
      if (bytes.length === 0) throw new ConnectionLostError(`the connection was closed ${this.left} bytes before the end of ${this.request}`)
    }
    return bytes.length === 0 ? undefined : bytes
  }

  /** Exactly so many bytes of a body that is delimited by nothing but the end (HTTP/1.0). */
  async bytes (length: number, what: string): Promise<Buffer> {
    return await this.wire.take(length, `${what} of ${this.request}`)
  }

  async complete (): Promise<Answer> {
    const chunks: Buffer[] = []
    for (let chunk = await this.chunk('the body'); chunk !== undefined; chunk = await this.chunk('the body')) chunks.push(chunk)
    const { request, statusLine, version, status, fields } = this
    return { request, statusLine, version, status, fields, body: Buffer.concat(chunks), chunks }
  }

  abort (): void {
    this.wire.destroy()
  }
}
