import http from 'node:http'
import { StringDecoder } from 'node:string_decoder'
import { WebSocket } from 'ws'
import { newId } from './client.ts'
import { DECODERS } from './frames.ts'
import { ask, startRequest } from './http.ts'
import { Arrivals } from './wait.ts'

/** The transports over which a session can be resumed. */
export const RESUMABLE = ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling'] as const
export type ResumableTransport = typeof RESUMABLE[number]

const ROUTES = {
  'xhr-streaming': { method: 'POST', url: 'xhr_streaming' },
  eventsource: { method: 'GET', url: 'eventsource' },
  'xhr-polling': { method: 'POST', url: 'xhr' }
} as const

/** The server, and the parameters of the opening request. */
export interface LinkOptions {
  readonly port: number
  readonly path?: string
  readonly id?: string
  readonly headers?: Record<string, string>
  /** The value of `resume`. */
  readonly resume?: string
  /** Called for each frame, before it is added to `frames`. */
  readonly onFrame?: (frame: string) => void
  /** Called when no further frame can come. */
  readonly onEnd?: () => void
}

/** One connection of a client, which a test can cut. It knows nothing of resumption but its bytes. */
export abstract class TestLink {
  readonly frames = new Arrivals<string>()
  ended = false
  protected readonly options: LinkOptions
  protected readonly base: string
  /** The messages that the client has got, for the next confirmation; `null` for none. */
  count: number | null = null

  constructor (options: LinkOptions) {
    this.options = options
    this.base = `${options.path ?? '/echo'}/000/${options.id ?? newId()}`
  }

  static open (transport: ResumableTransport, options: LinkOptions): TestLink {
    return transport === 'websocket' ? new SocketLink(options) : new HttpLink(transport, options)
  }

  /** Sends messages. Resolves with the status; 0 for a WebSocket. */
  abstract send (...messages: string[]): Promise<number>
  /** Confirms the messages that the client has got. */
  abstract confirm (count: number): Promise<number>
  /** Cuts all connections, without a close. */
  abstract cut (): void

  next (): Promise<string> { return this.frames.next(`a frame after ${JSON.stringify(this.frames.all.at(-1)?.slice(0, 100))}`) }

  protected push (frame: string): void {
    if (this.ended) return
    this.options.onFrame?.(frame)
    this.frames.push(frame)
  }

  protected end (error: Error): void {
    if (this.ended) return
    this.ended = true
    this.frames.end(error)
    this.options.onEnd?.()
  }
}

class SocketLink extends TestLink {
  readonly ws: WebSocket

  constructor (options: LinkOptions) {
    super(options)
    const query = options.resume === undefined ? '' : `?resume=${options.resume}`
    this.ws = new WebSocket(`ws://127.0.0.1:${options.port}${this.base}/websocket${query}`, { headers: options.headers, perMessageDeflate: false })
    this.ws.on('message', (data) => this.push((data as Buffer).toString()))
    this.ws.on('error', (error) => this.end(error))
    this.ws.on('close', (code) => this.end(new Error(`closed with ${code}`)))
  }

  async send (...messages: string[]): Promise<number> {
    this.ws.send(JSON.stringify(messages), () => {})
    return 0
  }

  async confirm (count: number): Promise<number> {
    this.ws.send(`r${count}`, () => {})
    return 0
  }

  cut (): void {
    this.ws.terminate()
    this.end(new Error('cut'))
  }
}

class HttpLink extends TestLink {
  readonly #transport: keyof typeof ROUTES
  readonly #agent = new http.Agent({ keepAlive: true })
  #first = true
  #over = false

  constructor (transport: keyof typeof ROUTES, options: LinkOptions) {
    super(options)
    this.#transport = transport
    this.#receive().catch((error: Error) => this.end(error))
  }

  async #receive (): Promise<void> {
    const { method, url } = ROUTES[this.#transport]
    while (!this.#over) {
      const resume = this.#first && this.options.resume !== undefined ? [`resume=${this.options.resume}`] : []
      const query = [...resume, ...(this.count === null ? [] : [`r=${this.count}`])].join('&')
      this.#first = false
      const { response: coming } = startRequest({ port: this.options.port, agent: this.#agent, method, path: `${this.base}/${url}?${query}`, headers: this.options.headers ?? {} })
      const response = await coming
      if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`)
      const utf8 = new StringDecoder('utf8')
      const decode = DECODERS[this.#transport]((frame) => {
        // The session is over.
        if (frame.startsWith('c[') || frame === 'r[]') this.#over = true
        this.push(frame)
      })
      for await (const chunk of response) decode(utf8.write(chunk as Buffer))
    }
    this.end(new Error('the session is over'))
  }

  async #post (body: string, query: string): Promise<number> {
    const confirmation = this.count === null ? '' : `r=${this.count}&`
    const { status } = await ask({ port: this.options.port, agent: this.#agent, method: 'POST', path: `${this.base}/xhr_send?${confirmation}${query}`, body, headers: this.options.headers ?? {} })
    return status
  }

  async send (...messages: string[]): Promise<number> { return this.#post(JSON.stringify(messages), '') }

  async confirm (count: number): Promise<number> {
    this.count = count
    return this.#post('[]', '')
  }

  /** Sends the last messages, and ends the session. */
  leave (...messages: string[]): Promise<number> { return this.#post(JSON.stringify(messages), 'close=1') }

  cut (): void {
    this.#over = true
    this.#agent.destroy()
    this.end(new Error('cut'))
  }
}

/** Leaves a session over HTTP by its last send. */
export function leave (link: TestLink, ...messages: string[]): Promise<number> { return (link as HttpLink).leave(...messages) }

/** Reads the token and the count of an `r` frame. */
export function readToken (frame: string): { token: string, count: number } {
  const [token, count] = JSON.parse(frame.slice(1)) as [string, number]
  return { token, count }
}
