import http from 'node:http'
import { StringDecoder } from 'node:string_decoder'
import SockJS from 'sockjs-client'
import { WebSocket } from 'ws'
import { DECODERS } from '../../support/frames.ts'
import { SERVED_BY } from '../balancers.ts'

/** Takes the frames of one session. */
export interface Frames {
  open (): void
  message (text: string): void
  /** The client knows that the session has ended. */
  tell (code: number, reason: string, endedBy: string): void
  /** A node has taken a receiver of the session. */
  servedBy (address: string): void
}

/** The client's end of one session. */
export interface Line {
  send (text: string): void
  /** Leaves the session, without a word about it. */
  leave (): void
}

/** The code that a client reports when no close frame came. */
const ABNORMAL = 1006

const ROUTES = {
  'xhr-polling': { method: 'POST', receive: 'xhr', send: 'xhr_send' },
  'xhr-streaming': { method: 'POST', receive: 'xhr_streaming', send: 'xhr_send' },
  eventsource: { method: 'GET', receive: 'eventsource', send: 'xhr_send' },
  htmlfile: { method: 'GET', receive: 'htmlfile?c=cb', send: 'xhr_send' },
  'jsonp-polling': { method: 'GET', receive: 'jsonp?c=cb', send: 'jsonp_send' }
} as const

export type HttpTransport = keyof typeof ROUTES

export const HTTP_TRANSPORTS = Object.keys(ROUTES) as readonly HttpTransport[]

let ids = 0

/**
 * A client of one HTTP transport, which sees every cut.
 *
 * sockjs-client under Node does not notice that a stream was cut, because it listens for the event `end` alone.
 */
export class HttpLine implements Line {
  readonly #frames: Frames
  readonly #agent: http.Agent
  readonly #port: number
  readonly #base: string
  readonly #transport: HttpTransport
  readonly #requests = new Set<http.ClientRequest>()
  #outgoing: string[] = []
  #sending = false
  #opened = false
  #over = false

  constructor (frames: Frames, agent: http.Agent, port: number, path: string, transport: HttpTransport) {
    this.#frames = frames
    this.#agent = agent
    this.#port = port
    this.#base = `${path}/000/${process.pid}x${ids++}x${Math.random().toString(36).slice(2, 8)}`
    this.#transport = transport
    this.#receive()
  }

  send (text: string): void {
    this.#outgoing.push(text)
    if (!this.#sending) this.#flush()
  }

  leave (): void {
    this.#over = true
    for (const request of this.#requests) request.destroy()
  }

  #ask (method: string, route: string, body: string | undefined, answered: (response: http.IncomingMessage, by: string) => void): void {
    const headers = body === undefined ? {} : { 'content-type': route === 'jsonp_send' ? 'application/x-www-form-urlencoded' : 'text/plain', 'content-length': Buffer.byteLength(body) }
    const request = http.request({ host: '127.0.0.1', port: this.#port, path: `${this.#base}/${route}`, method, headers, agent: this.#agent })
    this.#requests.add(request)
    request.on('close', () => this.#requests.delete(request))
    request.on('error', (error: NodeJS.ErrnoException) => {
      // A balancer has ended an idle connection in the moment of the request. Browsers send such a request again, on a new connection.
      if (request.reusedSocket && error.code === 'ECONNRESET' && !this.#over) return this.#ask(method, route, body, answered)
      this.#end(ABNORMAL, `${route}: ${error.message}`, '')
    })
    request.on('response', (response) => {
      const by = String(response.headers[SERVED_BY] ?? '')
      response.on('error', ({ message }) => this.#end(ABNORMAL, `${route}: ${message}`, by))
      answered(response, by)
    })
    request.end(body)
  }

  #receive (): void {
    if (this.#over) return
    const { method, receive } = ROUTES[this.#transport]
    this.#ask(method, receive, undefined, (response, by) => {
      if (response.statusCode !== 200) {
        return this.#refused(receive, response, by)
      }
      this.#frames.servedBy(by)
      const utf8 = new StringDecoder('utf8')
      const decode = DECODERS[this.#transport]((frame) => this.#frame(frame, by))
      response.on('data', (chunk: Buffer) => decode(utf8.write(chunk)))
      response.on('end', () => this.#receive())
    })
  }

  #frame (frame: string, by: string): void {
    if (this.#over) return
    if (frame === 'o') {
      if (this.#opened) return this.#end(ABNORMAL, 'a second o', by)
      this.#opened = true
      this.#frames.open()
    } else if (frame.startsWith('a')) {
      for (const text of JSON.parse(frame.slice(1)) as string[]) this.#frames.message(text)
    } else if (frame.startsWith('c')) {
      const [code, reason] = JSON.parse(frame.slice(1)) as [number, string]
      this.#end(code, reason, by)
    }
  }

  #flush (): void {
    if (this.#over || this.#outgoing.length === 0) return
    this.#sending = true
    const { send } = ROUTES[this.#transport]
    const payload = JSON.stringify(this.#outgoing)
    this.#outgoing = []
    this.#ask('POST', send, send === 'jsonp_send' ? `d=${encodeURIComponent(payload)}` : payload, (response, by) => {
      if (response.statusCode !== 204 && response.statusCode !== 200) return this.#refused(send, response, by)
      response.resume()
      response.on('end', () => {
        this.#sending = false
        this.#flush()
      })
    })
  }

  /** Tells the status with the first line of the body, because a balancer has a 503 of its own. */
  #refused (route: string, response: http.IncomingMessage, by: string): void {
    response.setEncoding('utf8').once('data', (text: string) => this.#end(ABNORMAL, `${route}: status ${response.statusCode}, ${text.split('\n')[0]}`, by))
    response.once('end', () => this.#end(ABNORMAL, `${route}: status ${response.statusCode}`, by))
  }

  #end (code: number, reason: string, by: string): void {
    if (this.#over) return
    this.leave()
    this.#frames.tell(code, reason, by)
  }
}

/** A WebSocket with the framing of SockJS. */
export class SocketLine implements Line {
  readonly #socket: WebSocket
  #over = false

  constructor (frames: Frames, port: number, path: string) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}${path}/000/${process.pid}x${ids++}/websocket`, { perMessageDeflate: false })
    let close: readonly [number, string] = [ABNORMAL, 'no close frame']
    this.#socket.on('upgrade', ({ headers }) => frames.servedBy(String(headers[SERVED_BY] ?? '')))
    this.#socket.on('message', (data) => {
      const frame = (data as Buffer).toString()
      if (frame === 'o') frames.open()
      else if (frame.startsWith('a')) for (const text of JSON.parse(frame.slice(1)) as string[]) frames.message(text)
      else if (frame.startsWith('c')) close = JSON.parse(frame.slice(1)) as [number, string]
    })
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => { if (!this.#over) frames.tell(...close, '') })
  }

  send (text: string): void { this.#socket.send(JSON.stringify([text])) }

  leave (): void {
    this.#over = true
    this.#socket.terminate()
  }
}

/** sockjs-client itself. */
export class LibraryLine implements Line {
  readonly #socket: WebSocket

  constructor (frames: Frames, port: number, path: string, transport: string) {
    const socket = new SockJS(`http://127.0.0.1:${port}${path}`, null, { transports: [transport], timeout: 60_000 } as SockJS.Options)
    this.#socket = socket as unknown as WebSocket
    socket.onopen = () => frames.open()
    socket.onmessage = ({ data }) => frames.message(data as string)
    socket.onclose = ({ code, reason }) => frames.tell(code, reason, '')
  }

  send (text: string): void { this.#socket.send(text) }

  leave (): void {
    this.#socket.onclose = null
    this.#socket.close()
  }
}
