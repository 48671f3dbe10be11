import http from 'node:http'
import { StringDecoder } from 'node:string_decoder'
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
  /** The client makes a request again that had no answer for some time, in milliseconds. */
  unanswered (waited: number): void
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

/** The end of a session over HTTP, as its client needs it. */
interface HttpTarget {
  readonly port: number
  readonly path: string
  readonly transport: HttpTransport
  /** The time after which a send without an answer is made again, in milliseconds, or `null`. A receiver has twice the time, because it may wait for a send. */
  readonly giveUp: number | null
}

/** One request of a session. */
interface Asked {
  readonly method: string
  readonly route: string
  readonly body?: string
}

/**
 * A client of one HTTP transport, which sees every cut.
 *
 * sockjs-client under Node does not notice that a stream was cut, because it listens for the event `end` alone.
 */
export class HttpLine implements Line {
  readonly #frames: Frames
  readonly #agent: http.Agent
  readonly #target: HttpTarget
  readonly #base: string
  readonly #requests = new Set<http.ClientRequest>()
  #outgoing: string[] = []
  #sending = false
  #opened = false
  #over = false

  constructor (frames: Frames, agent: http.Agent, target: HttpTarget) {
    this.#frames = frames
    this.#agent = agent
    this.#target = target
    this.#base = `${target.path}/000/${process.pid}x${ids++}x${Math.random().toString(36).slice(2, 8)}`
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

  #ask (asked: Asked, answered: (response: http.IncomingMessage, by: string) => void): void {
    const { method, route, body } = asked
    const headers = body === undefined ? {} : { 'content-type': route === 'jsonp_send' ? 'application/x-www-form-urlencoded' : 'text/plain', 'content-length': Buffer.byteLength(body) }
    const request = http.request({ host: '127.0.0.1', port: this.#target.port, path: `${this.#base}/${route}`, method, headers, agent: this.#agent })
    const again = (): void => this.#ask(asked, answered)
    this.#requests.add(request)
    const patience = this.#watch(request, body === undefined ? 2 : 1, again)
    request.on('close', () => {
      clearTimeout(patience)
      this.#requests.delete(request)
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      // This client gave the request up.
      if (!this.#requests.has(request)) return
      // A balancer has ended an idle connection in the moment of the request. Browsers send such a request again, on a new connection.
      if (request.reusedSocket && error.code === 'ECONNRESET' && !this.#over) return again()
      this.#end(ABNORMAL, `${route}: ${error.message}`, '')
    })
    request.on('response', (response) => {
      clearTimeout(patience)
      const by = String(response.headers[SERVED_BY] ?? '')
      response.on('error', ({ message }) => this.#end(ABNORMAL, `${route}: ${message}`, by))
      answered(response, by)
    })
    request.end(body)
  }

  /**
   * Makes a request again that has no answer, where the plan says so.
   *
   * The primary of node:cluster gives each connection to a worker, and forgets the connection if the worker dies before it has taken it
   * (nodejs/node-v0.x-archive#7928): the connection stays open, and its request reaches no node. If a node had the request after all, a message would come twice, or the session would end.
   */
  #watch (request: http.ClientRequest, times: number, again: () => void): NodeJS.Timeout | undefined {
    const { giveUp } = this.#target
    if (giveUp === null) return undefined
    const waited = giveUp * times
    return setTimeout(() => {
      this.#requests.delete(request)
      request.destroy()
      this.#frames.unanswered(waited)
      again()
    }, waited)
  }

  #receive (): void {
    if (this.#over) return
    const { transport } = this.#target
    const { method, receive } = ROUTES[transport]
    this.#ask({ method, route: receive }, (response, by) => {
      if (response.statusCode !== 200) {
        return this.#refused(receive, response, by)
      }
      this.#frames.servedBy(by)
      const utf8 = new StringDecoder('utf8')
      const decode = DECODERS[transport]((frame) => this.#frame(frame, by))
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
    const { send } = ROUTES[this.#target.transport]
    const payload = JSON.stringify(this.#outgoing)
    this.#outgoing = []
    this.#ask({ method: 'POST', route: send, body: send === 'jsonp_send' ? `d=${encodeURIComponent(payload)}` : payload }, (response, by) => {
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
