import { WebSocket } from 'ws'
import type { Host } from '../support/client.ts'
import { Arrivals, deferred, within } from '../support/wait.ts'

/** A plain WebSocket to a STOMP endpoint: says what it is told to, and takes nothing apart. */
export class StompPeer {
  readonly ws: WebSocket
  readonly frames = new Arrivals<string>()
  readonly #opened = deferred<void>()
  readonly #closed = deferred<{ code: number, reason: string }>()

  private constructor (port: number, path: string) {
    this.ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, ['v12.stomp'], { perMessageDeflate: false })
    this.ws.on('open', () => this.#opened.resolve())
    this.ws.on('error', (error) => this.#opened.reject(error))
    this.ws.on('message', (data) => this.frames.push((data as Buffer).toString()))
    this.ws.on('close', (code, reason) => {
      this.#closed.resolve({ code, reason: reason.toString() })
      this.frames.end(new Error(`the WebSocket has closed with ${code} ${reason.toString()}`))
    })
  }

  /** A connection without CONNECT. */
  static async open (host: Host, path = '/stomp'): Promise<StompPeer> {
    const peer = host.own(new StompPeer(host.port, path))
    await within(peer.#opened.promise, 'a WebSocket')
    return peer
  }

  /** A session. */
  static async connect (host: Host, headers = '', path = '/stomp'): Promise<StompPeer> {
    const peer = await StompPeer.open(host, path)
    const answer = await peer.say(`CONNECT\naccept-version:1.2\nhost:x\n${headers}\n\0`).next()
    if (!answer.startsWith('CONNECTED\n')) throw new Error(`CONNECTED was due, but ${answer} came`)
    return peer
  }

  say (...frames: (string | Buffer)[]): this {
    for (const frame of frames) this.ws.send(frame)
    return this
  }

  next (): Promise<string> { return this.frames.next('a frame') }

  /** The next frame with this command. */
  async see (command: string): Promise<string> {
    for (;;) {
      const frame = await this.next()
      if (frame.startsWith(command + '\n')) return frame
    }
  }

  /** All that was said is done, or refused: a RECEIPT comes back, or an ERROR. */
  async settled (): Promise<string> {
    this.say('BEGIN\ntransaction:settled\nreceipt:settled\n\n\0', 'ABORT\ntransaction:settled\nreceipt:done\n\n\0')
    for (;;) {
      const frame = await this.next()
      if (frame.startsWith('ERROR\n') || frame.includes('\nreceipt-id:done\n')) return frame
    }
  }

  /** The ERROR and the close that goes with it. */
  async refused (): Promise<{ error: string, code: number }> {
    const error = await this.see('ERROR')
    return { error, code: (await this.closed).code }
  }

  get closed (): Promise<{ code: number, reason: string }> { return within(this.#closed.promise, 'the close') }

  abort (): void { this.ws.terminate() }
}
