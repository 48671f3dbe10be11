import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Incoming, requestBytes } from '../client/http.ts'
import type { Answer, RequestOptions } from '../client/http.ts'
import { HttpSession, WebSocketSession } from '../client/session.ts'
import type { ClientSession } from '../client/session.ts'
import type { Target } from '../client/target.ts'
import type { HttpTransport } from '../client/transports.ts'
import { WebSocketClient } from '../client/websocket.ts'
import type { WebSocketOptions } from '../client/websocket.ts'
import { WireSocket } from '../client/wire-socket.ts'
import { Wire } from '../client/wire.ts'
import type { StompSite } from '../stomp/site.ts'
import { expectThat, NotApplicable } from './expect.ts'

/** A request that is on its way. */
export interface Pending {
  readonly wire: Wire
  /** Reads the head of its response. */
  response: () => Promise<Incoming>
}

/** The last write of a connection. */
export interface Write {
  /** Milliseconds of `performance.now()`. */
  readonly at: number
  /** Bytes came after it. */
  readonly answered: boolean
}

interface Resource {
  /** When it last wrote to the server, and when bytes last came, in milliseconds of `performance.now()`. */
  readonly lastWrite?: number
  readonly lastRead?: number
  expire: (milliseconds: number) => void
  destroy: () => void
}

/** What a case has at hand. Everything it opens is closed when it ends. */
export class Context {
  readonly target: Target
  private readonly site: StompSite | undefined
  private readonly mostBytes: number
  private readonly endpoints: Readonly<Record<string, string>>
  private readonly resources = new Set<Resource>()
  private expired: number | undefined
  private over = false
  private written: Write[] = []

  /** A connection ends with an error once more than `mostBytes` have come on it. */
  constructor (target: Target, endpoints: Readonly<Record<string, string>> = {}, site?: StompSite, mostBytes = Infinity) {
    this.target = target
    this.mostBytes = mostBytes
    this.endpoints = endpoints
    this.site = site
  }

  /** What is known of the STOMP server. */
  get stomp (): StompSite {
    if (this.site === undefined) throw new Error('the STOMP server has not been surveyed')
    return this.site
  }

  /** The path on the server of an endpoint of the demo server, or of something below it. */
  path (path: string): string {
    const [, endpoint = path, rest = ''] = /^(\/[^/?]*)(.*)$/.exec(path) ?? []
    return this.target.base + (this.endpoints[endpoint] ?? endpoint) + rest
  }

  /** A session URL with random parts: `/echo/123/abcdef`. */
  sessionPath (endpoint: string, id = this.id()): string {
    return `${endpoint}/${String(randomBytes(2).readUInt16BE() % 1000).padStart(3, '0')}/${id}`
  }

  id (): string {
    return randomBytes(9).toString('hex')
  }

  async connect (localAddress?: string): Promise<Wire> {
    return this.keep(await Wire.connect(this.target, localAddress, this.mostBytes))
  }

  /** Sends a request on a connection of its own and does not wait. */
  async begin (method: string, path: string, options: RequestOptions = {}): Promise<Pending> {
    const wire = await this.connect(options.localAddress)
    return this.beginOn(wire, method, path, options)
  }

  beginOn (wire: Wire, method: string, path: string, options: RequestOptions = {}): Pending {
    const full = this.path(path)
    wire.write(requestBytes(this.target, method, full, options))
    return { wire, response: async () => await Incoming.read(wire, method, `${method} ${full}`) }
  }

  /** Up to the end of the response's head. */
  async open (method: string, path: string, options: RequestOptions = {}): Promise<Incoming> {
    return await (await this.begin(method, path, options)).response()
  }

  /** A whole exchange on a connection of its own. */
  async request (method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const incoming = await this.open(method, path, options)
    const answer = await incoming.complete()
    incoming.abort()
    return answer
  }

  async get (path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return await this.request('GET', path, { headers })
  }

  async post (path: string, body: string | Uint8Array = '', headers: Record<string, string> = {}): Promise<Answer> {
    return await this.request('POST', path, { headers, body })
  }

  httpSession (endpoint: string, transport: HttpTransport, headers: Record<string, string> = {}): HttpSession {
    const session = new HttpSession(this, this.sessionPath(endpoint), transport, headers)
    this.resources.add({ expire: () => {}, destroy: () => session.abandon() })
    return session
  }

  /** A session of either kind, its `o` frame read. */
  async session (endpoint: string, transport: HttpTransport | 'websocket', headers: Record<string, string> = {}): Promise<ClientSession> {
    const session = transport === 'websocket'
      ? new WebSocketSession(this.webSocket(`${this.sessionPath(endpoint)}/websocket`, { headers }))
      : this.httpSession(endpoint, transport, headers)
    await session.start()
    return session
  }

  async opened (endpoint: string, transport: HttpTransport, headers: Record<string, string> = {}): Promise<HttpSession> {
    const session = this.httpSession(endpoint, transport, headers)
    await session.start()
    return session
  }

  webSocket (path: string, options: WebSocketOptions = {}): WebSocketClient {
    return this.keep(new WebSocketClient(this.target, this.path(path), options))
  }

  /** A handshake on a bare socket, and the head of whatever answers it. */
  async handshake (path: string, options: RequestOptions = {}): Promise<WireSocket> {
    return await WireSocket.handshake(await this.connect(), this.target, this.path(path), options)
  }

  /** The same, upgraded for certain. */
  async wireSocket (path: string, options: RequestOptions = {}): Promise<WireSocket> {
    const socket = await this.handshake(path, options)
    expectThat(socket.status === 101, `the answer to the handshake of ${path}`, 'status 101', socket.response.statusLine)
    return socket
  }

  /** Fails if the server sends anything, or hangs up, within the time. */
  async expectSilence (wire: Wire, what: string, milliseconds = 120): Promise<void> {
    const stirred = await wire.stirs(milliseconds)
    expectThat(!stirred, what, `nothing for ${milliseconds} ms`, wire.state === 'open' ? wire.peek().toString('utf8') : `the connection ${wire.state}`)
  }

  /** The server still answers. */
  async expectAlive (endpoint = '/echo'): Promise<void> {
    const { status } = await this.get(`${endpoint}/info`)
    expectThat(status === 200, `${endpoint}/info afterwards`, 'status 200', status)
  }

  async sleep (milliseconds: number): Promise<void> {
    await delay(milliseconds)
  }

  notApplicable (reason: string): never {
    throw new NotApplicable(reason)
  }

  /** The case has run out of time. */
  expire (milliseconds: number): void {
    this.expired = milliseconds
    for (const resource of this.resources) resource.expire(milliseconds)
  }

  /** The last writes of the case, one for each connection. */
  get writes (): Write[] {
    const open = [...this.resources].flatMap(({ lastWrite = 0, lastRead = 0 }) => lastWrite === 0 ? [] : [{ at: lastWrite, answered: lastRead >= lastWrite }])
    return [...this.written, ...open]
  }

  close (): void {
    this.over = true
    this.written = this.writes
    for (const resource of this.resources) resource.destroy()
    this.resources.clear()
  }

  /** Closes it when the case ends. */
  keep<Kept extends Resource> (resource: Kept): Kept {
    this.resources.add(resource)
    if (this.expired !== undefined) resource.expire(this.expired)
    // Whoever polls on behind the end of its case finds nothing any more.
    if (this.over) resource.destroy()
    return resource
  }
}
