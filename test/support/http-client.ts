import http from 'node:http'
import https from 'node:https'
import { StringDecoder } from 'node:string_decoder'
import type { ClientOptions, Host, SendAnswer, TestClient, TransportName } from './client.ts'
import { DECODERS, FrameLog } from './frames.ts'
import { ask, type RequestOptions, startRequest } from './http.ts'
import { deferred } from './wait.ts'

const ROUTES: Partial<Record<TransportName, { method: string, url: string }>> = {
  'xhr-polling': { method: 'POST', url: 'xhr' },
  'xhr-streaming': { method: 'POST', url: 'xhr_streaming' },
  eventsource: { method: 'GET', url: 'eventsource' },
  htmlfile: { method: 'GET', url: 'htmlfile?c=cb' },
  'jsonp-polling': { method: 'GET', url: 'jsonp?c=cb' }
}

/** A client of one HTTP transport: one receiving request after the other, and sends beside it. */
export class HttpTestClient implements TestClient {
  readonly transport: TransportName
  comeBack: boolean
  /** The head of the last receiving response. */
  response: http.IncomingMessage | null = null
  readonly #agent: http.Agent
  /** What all requests have in common. */
  readonly #server: Pick<RequestOptions, 'port' | 'agent' | 'ca' | 'http2'>
  readonly #base: string
  readonly #headers: Record<string, string>
  readonly #log = new FrameLog()
  #ended = deferred<void>()
  #receiving = false
  #request: http.ClientRequest | null = null
  #aborted = false
  #frozen = false

  constructor ({ port, wire = {} }: Pick<Host, 'port' | 'wire'>, transport: TransportName, { path, id, headers, comeBack }: Required<ClientOptions>) {
    this.#agent = wire.ca === undefined ? new http.Agent({ keepAlive: true }) : new https.Agent({ keepAlive: true })
    this.#server = { port, agent: this.#agent, ...wire }
    this.transport = transport
    this.#base = `${path}/000/${id}`
    this.#headers = headers
    this.comeBack = comeBack
  }

  get frames () { return this.#log.frames }
  get closed () { return this.#log.closed.promise }
  get ended () { return this.#ended.promise }

  async open (): Promise<this> {
    this.receive()
    const frame = await this.frame()
    if (frame !== 'o') throw new Error(`o was due, but ${frame} came`)
    return this
  }

  receive (): void {
    if (!this.#receiving) this.#ended = deferred<void>()
    this.#receiving = true
    this.#receive().then(
      () => { if (this.comeBack && !this.#aborted) this.receive(); else this.#end() },
      (error: Error) => {
        this.#log.closed.reject(error)
        this.frames.end(error)
        this.#end()
      })
  }

  #end (): void {
    this.#receiving = false
    this.#ended.resolve()
  }

  async #receive (): Promise<void> {
    const { method, url } = ROUTES[this.transport]!
    const { request, response: coming } = startRequest({
      ...this.#server, path: `${this.#base}/${url}`, method, headers: this.#headers
    })
    this.#request = request
    const response = await coming
    this.response = response
    if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`)
    const decode = DECODERS[this.transport as keyof typeof DECODERS]((frame) => {
      if (frame.startsWith('c')) this.comeBack = false
      this.#log.push(frame)
    })
    const utf8 = new StringDecoder('utf8')
    response.on('data', (chunk: Buffer) => decode(utf8.write(chunk)))
    if (this.#frozen) this.freeze()
    await new Promise<void>((resolve, reject) => {
      response.on('end', resolve)
      response.on('error', reject)
    })
  }

  send (...messages: string[]): Promise<SendAnswer> {
    return this.sendText(JSON.stringify(messages))
  }

  sendText (text: string): Promise<SendAnswer> {
    const jsonp = this.transport === 'jsonp-polling'
    return ask({
      ...this.#server,
      path: `${this.#base}/${jsonp ? 'jsonp_send' : 'xhr_send'}`,
      method: 'POST',
      headers: { ...this.#headers, 'content-type': jsonp ? 'application/x-www-form-urlencoded' : 'text/plain' },
      body: jsonp ? 'd=' + encodeURIComponent(text) : text
    })
  }

  frame (): Promise<string> { return this.frames.next(`a frame after ${JSON.stringify(this.frames.all.at(-1)?.slice(0, 100))}`) }
  messages (count: number): Promise<string[]> { return this.#log.messages(count) }

  freeze (): void {
    this.#frozen = true
    this.response?.pause()
    this.#request?.socket?.pause()
  }

  thaw (): void {
    this.#frozen = false
    this.#request?.socket?.resume()
    this.response?.resume()
  }

  abort (): void {
    this.#aborted = true
    this.#request?.destroy()
    this.response?.destroy()
    this.#agent.destroy()
  }
}
