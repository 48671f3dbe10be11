import http from 'node:http'
import https from 'node:https'
import { connect, type Socket } from 'node:net'
import { reset } from '../../protocol-tests/client/reset.ts'
import { startStream } from './http2.ts'
import { Arrivals, deferred, until, within } from './wait.ts'

/** One request to a test server. */
export interface RequestOptions {
  readonly port: number
  readonly path: string
  readonly method?: string
  readonly headers?: http.OutgoingHttpHeaders
  readonly body?: string | Buffer
  readonly agent?: http.Agent | false
  /** Speaks HTTPS, and trusts this certificate. */
  readonly ca?: string | undefined
  /** Speaks HTTP/2. */
  readonly http2?: boolean | undefined
  /** Milliseconds to wait for each part of the answer. */
  readonly patience?: number
}

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

/** Sends a request and gives the response as soon as its head is there. */
export function startRequest (options: RequestOptions): { request: http.ClientRequest, response: Promise<http.IncomingMessage> } {
  if (options.http2) return startStream(options)
  const { port, path, method = 'GET', headers = {}, body, agent = false, ca } = options
  const common = { host: '127.0.0.1', port, path, method, headers, agent }
  const request = ca === undefined ? http.request(common) : https.request({ ...common, ca, servername: 'localhost' })
  const response = deferred<http.IncomingMessage>()
  request.on('response', (incoming) => response.resolve(incoming))
  // A refused upgrade comes as a response, an accepted one as this.
  request.on('upgrade', (incoming, socket) => {
    socket.destroy()
    response.resolve(incoming)
  })
  request.on('error', (error) => response.reject(error))
  request.end(body)
  return { request, response: response.promise }
}

/** Sends a request and waits for all of its response. */
export async function ask (options: RequestOptions): Promise<Answer> {
  const { response: coming } = startRequest(options)
  const what = `${options.method ?? 'GET'} ${options.path}`
  const response = await within(coming, what, options.patience)
  const chunks: Buffer[] = []
  await within((async () => { for await (const chunk of response) chunks.push(chunk as Buffer) })(), `the end of ${what}`, options.patience)
  return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString() }
}

/** A bare TCP connection: bytes out, bytes in. */
export class TcpPeer {
  readonly socket: Socket
  #received: Buffer[] = []
  #ended = false
  readonly #gone = deferred<void>()

  constructor (port: number) {
    this.socket = connect(port, '127.0.0.1').unref()
    this.socket.on('data', (chunk) => this.#received.push(chunk))
    this.socket.on('end', () => { this.#ended = true })
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      this.#ended = true
      this.#gone.resolve()
    })
  }

  /** All that came in. */
  get bytes (): Buffer {
    if (this.#received.length > 1) this.#received = [Buffer.concat(this.#received)]
    return this.#received[0] ?? Buffer.alloc(0)
  }

  /** All that came in, one character a byte. */
  get text (): string { return this.bytes.toString('latin1') }

  /** True when the other side has ended the connection. */
  get ended (): boolean { return this.#ended }

  write (data: string | Buffer): this {
    this.socket.write(data)
    return this
  }

  /** Waits until the bytes contain a text. */
  async see (part: string): Promise<string> {
    await until(() => this.text.includes(part) || this.#ended, `${JSON.stringify(part)} in ${JSON.stringify(this.text.slice(-500))}`)
    if (!this.text.includes(part)) throw new Error(`the connection ended without ${JSON.stringify(part)}: ${JSON.stringify(this.text.slice(-500))}`)
    return this.text
  }

  /** Waits until the other side has ended. */
  async end (): Promise<string> {
    await until(() => this.#ended, `the end of the connection after ${JSON.stringify(this.text.slice(-500))}`)
    return this.text
  }

  /** Resolves when the connection is gone altogether. */
  gone (): Promise<void> { return within(this.#gone.promise, 'the connection to be gone') }

  /** Forgets what came in so far. */
  clear (): void { this.#received = [] }

  /** Ends the connection with RST. */
  reset (): void { reset(this.socket) }

  abort (): void { this.socket.destroy() }
}

/** A handshake of RFC 6455 as text, ready to be written on a `TcpPeer`. */
export function handshake (path: string, headers: Record<string, string> = {}): string {
  const lines = { Host: 'localhost', Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'x3JJHMbDL1EzLkh9GBhXDw==', ...headers }
  return `GET ${path} HTTP/1.1\r\n` + Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`).join('') + '\r\n'
}

/** A client's frame of RFC 6455: masked with zeros, so that the payload stays readable. */
export function maskedFrame (first: number, payload: string | Buffer): Buffer {
  const data = Buffer.from(payload)
  const { length } = data
  const head = length < 126
    ? [first, 0x80 | length]
    : length < 65536
      ? [first, 0x80 | 126, length >> 8, length & 255]
      : [first, 0x80 | 127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255]
  return Buffer.concat([Buffer.from(head), Buffer.alloc(4), data])
}

/** The chunks of a response as they come: on loopback each write of the server is one of them. */
export function chunksOf (response: http.IncomingMessage): Arrivals<string> {
  const chunks = new Arrivals<string>()
  response.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
  response.on('end', () => chunks.end(new Error('the response has ended')))
  response.on('error', (error) => chunks.end(error))
  return chunks
}
