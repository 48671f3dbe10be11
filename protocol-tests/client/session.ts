import { expectBytes, expectEqual, expectThat, Mismatch } from '../runner/expect.ts'
import type { Answer, Incoming, RequestOptions } from './http.ts'
import { envelopes } from './transports.ts'
import type { Envelope, HttpTransport } from './transports.ts'
import type { WebSocketClient } from './websocket.ts'

/** The part of a case's context that sessions are made of. */
export interface Requester {
  request: (method: string, path: string, options?: RequestOptions) => Promise<Answer>
  open: (method: string, path: string, options?: RequestOptions) => Promise<Incoming>
}

/** One SockJS session as a client sees it, whatever carries it. */
export interface ClientSession {
  /** Reads the `o` frame. */
  start: () => Promise<void>
  /** The next frame, from this response or the next one. */
  frame: () => Promise<string>
  send: (...messages: string[]) => Promise<void>
  /** The connection goes away without a word. */
  abandon: () => void
}

/** The messages of an `a` frame. */
export function messagesOf (frame: string): string[] {
  if (!frame.startsWith('a[')) throw new Mismatch('the frame', 'an a[…] frame', frame.slice(0, 200))
  const messages: unknown = JSON.parse(frame.slice(1))
  const strings = Array.isArray(messages) ? messages.filter((message) => typeof message === 'string') : []
  expectThat(Array.isArray(messages) && strings.length === messages.length, 'the a frame', 'an array of strings', frame.slice(0, 200))
  return strings
}

/** Collects messages over as many frames as the server chose to make of them; heartbeats do not count. */
export async function receive (session: ClientSession, count: number): Promise<string[]> {
  const messages: string[] = []
  while (messages.length < count) {
    const frame = await session.frame()
    if (frame !== 'h') messages.push(...messagesOf(frame))
  }
  return messages
}

/**
 * One message there and back, a receiver being open meanwhile as a browser's always is: a server may hold back its answer
 * to a large send until the session has room again.
 */
export async function echo (session: ClientSession, message: string): Promise<string> {
  const [[received = '']] = await Promise.all([receive(session, 1), session.send(message)])
  return received
}

/** The next frame that is not a heartbeat. */
export async function nextFrame (session: ClientSession): Promise<string> {
  let frame = await session.frame()
  while (frame === 'h') frame = await session.frame()
  return frame
}

export class HttpSession implements ClientSession {
  readonly transport: HttpTransport
  readonly envelope: Envelope
  /** `/endpoint/server/session` */
  readonly path: string
  headers: Record<string, string>
  private readonly requester: Requester
  private stream: Incoming | undefined

  constructor (requester: Requester, path: string, transport: HttpTransport, headers: Record<string, string> = {}) {
    this.requester = requester
    this.path = path
    this.transport = transport
    this.envelope = envelopes[transport]
    this.headers = headers
  }

  get receiveUrl (): string {
    return `${this.path}/${this.transport}${this.envelope.query}`
  }

  get sendUrl (): string {
    return `${this.path}/${this.envelope.send}`
  }

  async start (): Promise<void> {
    expectBytes(await this.frame(), 'o', `the first frame of ${this.receiveUrl}`)
  }

  /** A receiving request whose head has been read; the prelude has not. */
  async attach (): Promise<Incoming> {
    const { method } = this.envelope
    const incoming = await this.requester.open(method, this.receiveUrl, { headers: this.headers })
    expectEqual(incoming.status, 200, `the status of ${method} ${this.receiveUrl}`)
    return incoming
  }

  /** A receiving request that has answered its prelude, if the transport has one. */
  async receiver (): Promise<Incoming> {
    const incoming = await this.attach()
    if (this.envelope.prelude !== undefined) this.envelope.prelude(await incoming.chunk('the prelude') ?? Buffer.alloc(0))
    return incoming
  }

  async frame (): Promise<string> {
    if (this.envelope.polling) {
      const incoming = await this.attach()
      this.stream = incoming
      const { body } = await incoming.complete()
      this.stream = undefined
      incoming.abort()
      return this.envelope.unwrap(body)
    }
    this.stream ??= await this.receiver()
    const chunk = await this.stream.chunk('the next frame')
    if (chunk !== undefined) return this.envelope.unwrap(chunk)
    this.stream = undefined
    return await this.frame()
  }

  /** The current streaming response, to be read chunk by chunk. */
  get response (): Incoming {
    if (this.stream === undefined) throw new Error('no response is open')
    return this.stream
  }

  async send (...messages: string[]): Promise<void> {
    await this.sendBody(JSON.stringify(messages))
  }

  /** Sends text that may be anything, and demands that the server takes it. */
  async sendBody (body: string): Promise<void> {
    const answer = await this.post(body)
    const accepted = this.envelope.send === 'xhr_send' ? 204 : 200
    expectEqual(answer.status, accepted, `the status of POST ${this.sendUrl}`)
    expectBytes(answer.body, accepted === 204 ? '' : 'ok', `the body of POST ${this.sendUrl}`)
  }

  async post (body: string | Uint8Array): Promise<Answer> {
    const form = this.envelope.send === 'jsonp_send'
    return await this.requester.request('POST', this.sendUrl, {
      headers: { 'Content-Type': form ? 'application/x-www-form-urlencoded' : 'text/plain', ...this.headers },
      body: form ? `d=${encodeURIComponent(Buffer.from(body).toString('utf8'))}` : body
    })
  }

  abandon (): void {
    this.stream?.abort()
    this.stream = undefined
  }
}

export class WebSocketSession implements ClientSession {
  readonly socket: WebSocketClient

  constructor (socket: WebSocketClient) {
    this.socket = socket
  }

  async start (): Promise<void> {
    await this.socket.open()
    expectBytes(await this.frame(), 'o', `the first frame of ${this.socket.path}`)
  }

  async frame (): Promise<string> {
    const message = await this.socket.message('the next frame')
    if (typeof message !== 'string') throw new Mismatch('the kind of the WebSocket frame', 'text', 'binary')
    return message
  }

  async send (...messages: string[]): Promise<void> {
    this.socket.send(JSON.stringify(messages))
  }

  abandon (): void {
    this.socket.destroy()
  }
}
