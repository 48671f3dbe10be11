import http from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import type { Session } from '../../src/index.ts'
import { newId, type TransportName } from './client.ts'
import { ask, handshake, maskedFrame, type RequestOptions, TcpPeer } from './http.ts'
import type { TestServer } from './server.ts'

/** A client that keeps nothing of what it gets: the heap must be the server's. */
export class Sink {
  readonly session: Session
  readonly #peer: TcpPeer | null
  readonly #agent = new http.Agent({ keepAlive: true })
  readonly #port: number
  readonly #transport: TransportName
  readonly #base: string

  private constructor (server: TestServer, transport: TransportName, base: string, peer: TcpPeer | null, session: Session) {
    this.#port = server.port
    this.#transport = transport
    this.#base = base
    this.#peer = peer
    this.session = session
    server.own({ abort: () => this.#agent.destroy() })
  }

  static async open (server: TestServer, transport: TransportName): Promise<Sink> {
    const base = `/echo/000/${newId()}`
    const requests: Partial<Record<TransportName, string>> = {
      websocket: handshake(`${base}/websocket`),
      'websocket-raw': handshake('/echo/websocket'),
      'xhr-streaming': `POST ${base}/xhr_streaming HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`,
      eventsource: `GET ${base}/eventsource HTTP/1.1\r\nHost: x\r\n\r\n`,
      htmlfile: `GET ${base}/htmlfile?c=cb HTTP/1.1\r\nHost: x\r\n\r\n`
    }
    const request = requests[transport]
    const peer = request === undefined ? null : server.own(new TcpPeer(server.port)).write(request)
    peer?.socket.on('data', () => peer.clear())
    const sink = new Sink(server, transport, base, peer, null as never)
    if (peer === null) await sink.poll()
    return Object.assign(sink, { session: await server.session() })
  }

  /** One poll, where the transport polls. */
  async poll (): Promise<void> {
    if (this.#peer !== null) return
    const [method, url] = this.#transport === 'xhr-polling' ? ['POST', 'xhr'] as const : ['GET', 'jsonp?c=cb'] as const
    const { status } = await ask({ port: this.#port, method, path: `${this.#base}/${url}`, agent: this.#agent })
    if (status !== 200) throw new Error(`status ${status}`)
  }

  /** Sends messages in one payload. */
  async send (messages: readonly string[]): Promise<void> {
    if (this.#transport === 'websocket') this.#peer!.write(maskedFrame(0x81, JSON.stringify(messages)))
    else if (this.#transport === 'websocket-raw') for (const message of messages) this.#peer!.write(maskedFrame(0x81, message))
    else await ask({ ...this.sender(JSON.stringify(messages)), agent: this.#agent })
  }

  /** A request that sends. */
  sender (text: string): RequestOptions {
    const jsonp = this.#transport === 'jsonp-polling'
    return {
      port: this.#port,
      method: 'POST',
      path: `${this.#base}/${jsonp ? 'jsonp_send' : 'xhr_send'}`,
      headers: { 'content-type': jsonp ? 'application/x-www-form-urlencoded' : 'text/plain' },
      body: jsonp ? 'd=' + encodeURIComponent(text) : text
    }
  }

  /** Waits until the client has all. */
  async taken (): Promise<void> {
    while (this.session.bufferedBytes > 0) {
      await this.poll()
      await turn()
    }
  }
}
