import { isIP } from 'node:net'
import faye from 'faye-websocket'
import type { Target } from './target.ts'

export interface WebSocketOptions {
  headers?: Record<string, string>
  protocols?: readonly string[]
}

export interface CloseStatus {
  code: number
  reason: string
}

type Waiting = { what: string, look: () => boolean, reject: (error: Error) => void }

/** faye-websocket's client behind promises: a strict RFC 6455 peer that shares no code with `ws`. */
export class WebSocketClient {
  readonly path: string
  /** When bytes were last written, the handshake among them, in milliseconds of `performance.now()`; 0 where no server took them. */
  lastWrite = performance.now()
  lastRead = 0
  private readonly client: InstanceType<typeof faye.Client>
  private readonly messages: (string | Buffer)[] = []
  private readonly waiting = new Set<Waiting>()
  private opened = false
  private status: CloseStatus | undefined
  private problem: string | undefined

  constructor (target: Target, path: string, options: WebSocketOptions = {}) {
    this.path = path
    this.client = new faye.Client(target.webSocketOrigin + path, options.protocols ?? [], {
      headers: options.headers ?? {},
      maxLength: 64 * 1024 * 1024,
      ...(target.secure ? { tls: { rejectUnauthorized: false, servername: isIP(target.host) ? 'localhost' : target.host } } : {})
    })
    this.client.on('open', () => { this.opened = true; this.heard() })
    this.client.on('message', (event: { data: string | Buffer }) => { this.messages.push(event.data); this.heard() })
    this.client.on('error', (event: { message: string }) => {
      if (event.message.includes('ECONNREFUSED')) this.lastWrite = 0
      this.problem = event.message
      this.wake()
    })
    this.client.on('close', (event: CloseStatus) => { this.status = { code: event.code, reason: event.reason }; this.wake() })
  }

  private heard (): void {
    this.lastRead = performance.now()
    this.wake()
  }

  async open (): Promise<this> {
    await this.until('the WebSocket handshake', () => this.opened)
    return this
  }

  get protocol (): string {
    return this.client.protocol
  }

  send (data: string | Buffer): void {
    this.lastWrite = performance.now()
    this.client.send(data)
  }

  async message (what = 'a WebSocket message'): Promise<string | Buffer> {
    await this.until(what, () => this.messages.length > 0)
    return this.messages.shift() ?? ''
  }

  /** Messages that have come and were not asked for. */
  get unread (): readonly (string | Buffer)[] {
    return this.messages
  }

  async closed (): Promise<CloseStatus> {
    await this.until('the WebSocket to be closed by the server', () => this.status !== undefined)
    return this.status ?? { code: 1006, reason: '' }
  }

  /** A ping of ours, and its pong. */
  async ping (text: string): Promise<void> {
    let answered = false
    this.client.ping(text, () => { answered = true; this.wake() })
    await this.until('a pong', () => answered)
  }

  close (code = 1000, reason = ''): void {
    this.client.close(code, reason)
  }

  /** FIN without a closing handshake: what was sent before it still arrives. */
  drop (): void {
    this.client._stream.end()
  }

  /** Gone without a closing handshake. */
  destroy (): void {
    this.client._stream.destroy()
  }

  expire (milliseconds: number): void {
    for (const waiting of this.waiting) waiting.reject(new Error(`nothing came within ${milliseconds} ms while waiting for ${waiting.what} on ${this.path}`))
    this.waiting.clear()
    this.destroy()
  }

  private wake (): void {
    for (const waiting of [...this.waiting]) if (waiting.look()) this.waiting.delete(waiting)
  }

  private async until (what: string, ready: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = (): boolean => {
        if (ready()) resolve()
        else if (this.status !== undefined) {
          const { code, reason } = this.status
          reject(new Error(`${this.path}: the WebSocket was closed (${code} ${JSON.stringify(reason)}${this.problem === undefined ? '' : `, ${this.problem}`}) while waiting for ${what}`))
        } else return false
        return true
      }
      if (!look()) this.waiting.add({ what, look, reject })
    })
  }
}
