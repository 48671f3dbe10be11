import SockJS from 'sockjs-client'
import { Arrivals, deferred } from './wait.ts'

export interface Closing { code: number, reason: string, wasClean: boolean }

/** sockjs-client itself, made to wait for. */
export class RealClient {
  readonly socket: WebSocket
  readonly texts = new Arrivals<string>()
  readonly opened = deferred<void>()
  readonly closed = deferred<Closing>()
  heartbeats = 0

  constructor (url: string, transports: readonly string[], options: SockJS.Options = {}) {
    this.socket = new SockJS(url, null, { transports: [...transports], timeout: 60_000, ...options } as SockJS.Options)
    this.socket.onopen = () => this.opened.resolve()
    this.socket.onmessage = ({ data }) => this.texts.push(data as string)
    this.socket.onclose = ({ code, reason, wasClean }) => this.closed.resolve({ code, reason, wasClean })
    this.socket.addEventListener('heartbeat', () => { this.heartbeats++ })
  }

  abort (): void { this.socket.close() }

  async take (count: number): Promise<string[]> {
    const texts: string[] = []
    while (texts.length < count) texts.push(await this.texts.next(`message ${texts.length + 1} of ${count}`))
    return texts
  }
}
