import type { Headers } from './headers.ts'
import type { Answer, Hooks, Reply } from './hooks.ts'
import type { Link } from './link.ts'
import type { Framing } from './message-reader.ts'

export const transportRoutes = ['xhr', 'xhr_streaming', 'eventsource', 'htmlfile', 'jsonp', 'xhr_send', 'jsonp_send', 'websocket'] as const

/** What a request is for: a transport, or one of the other things that an endpoint serves. */
export type Route = typeof transportRoutes[number] | 'greeting' | 'info' | 'iframe' | 'raw' | 'other'

function routeOf (rest: string): Route {
  if (rest === '' || rest === '/') return 'greeting'
  if (rest === '/info') return 'info'
  if (rest === '/websocket') return 'raw'
  if (/^\/iframe[^/]*$/i.test(rest)) return 'iframe'
  const [, name] = /^\/[^/]+\/[^/]+\/([^/]+)$/.exec(rest) ?? []
  return transportRoutes.find((route) => route === name) ?? 'other'
}

/** One request and its response. */
export class Exchange {
  readonly link: Link
  method: string
  /** Path and query. */
  target: string
  version: string
  readonly headers: Headers
  /** `/echo` */
  readonly endpoint: string
  readonly route: Route
  /** `/echo/000/abc`, where the request is for a session. */
  readonly session: string
  /** As it stands in the URL. */
  readonly query: string
  hooks: Hooks = {}
  reply: Reply | undefined
  /** The request waits for this before it goes on, once its body is complete. */
  until: Promise<void> | undefined
  answer: Answer | undefined
  over = false
  /** Resolves when the response has ended, or its connection. */
  readonly done: Promise<void>
  private settle: () => void = () => {}
  private held: Buffer[] | undefined
  private framing: Framing = { kind: 'none' }

  constructor (link: Link, startLine: string, headers: Headers) {
    const [method = '', target = '', version = ''] = startLine.split(' ')
    this.link = link
    this.method = method
    this.target = target
    this.version = version
    this.headers = headers
    const [path = '', query = ''] = target.split('?', 2)
    const [, endpoint = path, rest = ''] = /^(\/[^/]*)(.*)$/.exec(path) ?? []
    this.endpoint = endpoint
    this.query = query
    this.route = routeOf(rest)
    this.session = /^(\/[^/]+\/[^/]+\/[^/]+)\//.exec(path)?.[1] ?? ''
    this.done = new Promise((resolve) => { this.settle = resolve })
  }

  get requestBytes (): Buffer {
    return this.headers.bytes(`${this.method} ${this.target} ${this.version}`)
  }

  /** A response that is read while it comes. */
  get streaming (): boolean {
    return this.route === 'xhr_streaming' || this.route === 'eventsource' || this.route === 'htmlfile'
  }

  /** A request that receives frames, on whatever carries them over HTTP. */
  get receiving (): boolean {
    return this.streaming || this.route === 'xhr' || this.route === 'jsonp'
  }

  /** The server never sees this request. */
  respond (status: number, body = '', headers: Readonly<Record<string, string>> = {}): undefined {
    this.reply = { status, body, headers }
    return undefined
  }

  begin (answer: Answer, framing: Framing): void {
    this.answer = answer
    this.framing = framing
    this.hooks.head?.(answer)
    // A body with a length may change, and its length then stands in the head.
    if (framing.kind === 'length' || answer.body !== undefined) this.held = []
    else this.writeHead()
  }

  piece (bytes: Buffer): void {
    if (this.held !== undefined) this.held.push(bytes)
    else for (const piece of this.hooks.piece?.(bytes) ?? [bytes]) this.write(piece)
  }

  /** Whether the response has ended for the client too. */
  finish (): boolean {
    const body = this.held === undefined ? undefined : this.changed(Buffer.concat(this.held))
    const { ending } = this.hooks
    if (ending === 'stay' && body !== undefined) return false
    if (body !== undefined) this.writeWhole(body)
    else for (const piece of this.hooks.last?.() ?? []) this.write(piece)
    if (ending === 'stay') return false
    if (ending === 'cut') this.link.cut()
    else if (this.chunked) this.link.toClient(Buffer.from('0\r\n\r\n'))
    if (ending === 'close' || this.framing.kind === 'close' || this.endsWithConnection) this.link.client.end()
    this.abandon()
    return true
  }

  /** The response ends here for the client, and for the server its client has gone. */
  stop (): void {
    if (this.over) return
    this.link.toClient(Buffer.from('0\r\n\r\n'))
    this.link.drop()
    this.abandon()
  }

  /** Nothing more will come. */
  abandon (): void {
    this.over = true
    this.settle()
  }

  /** A piece of the body, now. */
  write (piece: Buffer): void {
    if (this.over || piece.length === 0) return
    this.link.toClient(this.chunked ? Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]) : piece)
  }

  private get chunked (): boolean {
    return /chunked/i.test(this.answer?.headers.get('transfer-encoding') ?? '')
  }

  /** Neither a length nor chunks: only the end of the connection ends such a body. */
  private get endsWithConnection (): boolean {
    const { answer } = this
    return answer !== undefined && answer.status >= 200 && answer.status !== 204 && answer.status !== 304 && this.method !== 'HEAD' &&
      !this.chunked && answer.headers.get('content-length') === undefined
  }

  private writeHead (): void {
    const { answer } = this
    if (answer !== undefined) this.link.toClient(answer.headers.bytes(`${answer.version} ${answer.status} ${answer.reason}`))
  }

  /** The pieces of a whole body once it has been broken. */
  private changed (body: Buffer): readonly Buffer[] {
    const { answer } = this
    if (answer?.body !== undefined) return [Buffer.from(answer.body)]
    return body.length === 0 ? [] : this.hooks.piece?.(body) ?? [body]
  }

  private writeWhole (body: readonly Buffer[]): void {
    const { answer } = this
    if (answer === undefined) return
    const empty = answer.status === 204 || answer.status === 304
    const length = body.reduce((sum, piece) => sum + piece.length, 0)
    if (empty) answer.headers.set('Content-Length', undefined)
    else if (answer.headers.get('content-length') !== undefined || answer.body !== undefined) answer.headers.set('Content-Length', String(length))
    this.writeHead()
    if (!empty) for (const piece of body) this.write(piece)
  }
}
