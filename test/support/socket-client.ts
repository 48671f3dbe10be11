import { WebSocket } from 'ws'
import type { ClientOptions, Closing, Host, SendAnswer, TestClient, TransportName } from './client.ts'
import { FrameLog } from './frames.ts'
import { deferred, within } from './wait.ts'

const NO_ANSWER: SendAnswer = { status: 0, body: '' }

/** A WebSocket with SockJS framing, or without. */
export class SocketTestClient implements TestClient {
  readonly transport: TransportName
  comeBack = false
  readonly ws: WebSocket
  readonly #raw: boolean
  readonly #log = new FrameLog()
  readonly #opened = deferred<void>()
  readonly #ended = deferred<void>()
  readonly #closing = deferred<Closing>()

  constructor ({ port, wire }: Pick<Host, 'port' | 'wire'>, transport: 'websocket' | 'websocket-raw', { path, id, headers }: Required<ClientOptions>) {
    this.transport = transport
    this.#raw = transport === 'websocket-raw'
    const rest = this.#raw ? '/websocket' : `/000/${id}/websocket`
    const scheme = wire?.ca === undefined ? 'ws' : 'wss'
    this.ws = new WebSocket(`${scheme}://127.0.0.1:${port}${path}${rest}`, { headers, perMessageDeflate: false, ca: wire?.ca })
    this.ws.on('open', () => this.#opened.resolve())
    this.ws.on('message', (data, isBinary) => this.#message(data as Buffer, isBinary))
    this.ws.on('error', (error) => {
      this.#opened.reject(error)
      this.frames.end(error)
    })
    this.ws.on('close', (code, reason) => this.#close(code, reason.toString()))
  }

  get frames () { return this.#log.frames }
  get closed () { return this.#log.closed.promise }
  get ended () { return this.#ended.promise }
  /** Code and reason of the WebSocket's own close. */
  get socketClosed (): Promise<Closing> { return this.#closing.promise }

  #message (data: Buffer, isBinary: boolean): void {
    if (isBinary) this.frames.push('binary ' + data.toString('hex'))
    else this.#log.push(this.#raw ? `a[${JSON.stringify(data.toString())}]` : data.toString())
  }

  #close (code: number, reason: string): void {
    if (this.#raw) this.#log.push(`c[${code},${JSON.stringify(reason)}]`)
    this.#closing.resolve({ code, reason })
    this.#log.closed.reject(new Error(`no close frame, but ${code} ${reason}`))
    this.frames.end(new Error(`the WebSocket has closed with ${code} ${reason}`))
    this.#ended.resolve()
  }

  async open (): Promise<this> {
    await within(this.#opened.promise, 'a WebSocket')
    const frame = this.#raw ? 'o' : await this.frame()
    if (frame !== 'o') throw new Error(`o was due, but ${frame} came`)
    return this
  }

  receive (): void {}

  async send (...messages: string[]): Promise<SendAnswer> {
    if (!this.#raw) return this.sendText(JSON.stringify(messages))
    for (const message of messages) this.ws.send(message)
    return NO_ANSWER
  }

  async sendText (text: string): Promise<SendAnswer> {
    this.ws.send(text)
    return NO_ANSWER
  }

  frame (): Promise<string> { return this.frames.next(`a frame after ${JSON.stringify(this.frames.all.at(-1)?.slice(0, 100))}`) }
  messages (count: number): Promise<string[]> { return this.#log.messages(count) }

  freeze (): void { this.ws.pause() }
  thaw (): void { this.ws.resume() }
  abort (): void { this.ws.terminate() }
}
