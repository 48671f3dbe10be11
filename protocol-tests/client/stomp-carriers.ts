/** What carries STOMP: four ways to bring the same octets to a server and back. */
import net from 'node:net'
import { Mismatch } from '../runner/expect.ts'
import { messagesOf, WebSocketSession } from './session.ts'
import type { ClientSession } from './session.ts'
import type { WebSocketClient } from './websocket.ts'

export const carriers = ['ws-text', 'ws-binary', 'sockjs', 'sockjs-xhr', 'tcp'] as const
export type CarrierName = typeof carriers[number]

/** What the server sent at once: a WebSocket message, one element of a SockJS array, or what TCP happened to deliver. */
export interface Chunk {
  readonly octets: Buffer
  readonly binary: boolean
  readonly at: number
}

/** How a connection ended; TCP knows no code. */
export interface End {
  readonly code?: number
  readonly reason: string
}

export interface Carrier {
  readonly name: CarrierName
  send: (octets: Buffer) => void
  /** When it last wrote to the server, where nothing else knows. */
  readonly lastWrite?: number
  readonly lastRead?: number
  /** Hands over everything that comes, and resolves when the connection is over. */
  run: (receive: (chunk: Chunk) => void) => Promise<End>
  /** The client goes without a word, what it has sent before still arriving. */
  drop: () => void
  /** Everything is let go of. */
  destroy: () => void
}

export class WebSocketCarrier implements Carrier {
  readonly name: 'ws-text' | 'ws-binary'
  readonly socket: WebSocketClient

  constructor (name: 'ws-text' | 'ws-binary', socket: WebSocketClient) {
    this.name = name
    this.socket = socket
  }

  send (octets: Buffer): void {
    this.socket.send(this.name === 'ws-text' ? octets.toString('utf8') : octets)
  }

  async run (receive: (chunk: Chunk) => void): Promise<End> {
    for (;;) {
      let message: string | Buffer
      try {
        message = await this.socket.message()
      } catch {
        return await this.socket.closed()
      }
      receive({ octets: Buffer.from(message), binary: typeof message !== 'string', at: Date.now() })
    }
  }

  drop (): void {
    this.socket.drop()
  }

  destroy (): void {
    this.socket.destroy()
  }
}

/** STOMP in the messages of a SockJS session, whatever carries that. */
export class SockjsCarrier implements Carrier {
  readonly name: 'sockjs' | 'sockjs-xhr'
  /** SockJS heartbeats that have come. */
  heartbeats = 0
  /** Every frame of SockJS as it came. */
  readonly frames: string[] = []
  private readonly session: ClientSession
  private sending: Promise<void> = Promise.resolve()
  private problem = ''

  constructor (name: 'sockjs' | 'sockjs-xhr', session: ClientSession) {
    this.name = name
    this.session = session
  }

  send (octets: Buffer): void {
    this.sendMessages(octets.toString('utf8'))
  }

  /** One `a` array, or one POST; requests follow each other, for two at once have no order. */
  sendMessages (...messages: string[]): void {
    this.sending = this.sending.then(async () => await this.session.send(...messages)).catch((error: unknown) => {
      // The session may be over already; whoever waits for an answer will say what it misses.
      this.problem = `, and sending failed: ${error instanceof Error ? error.message : String(error)}`
    })
  }

  async run (receive: (chunk: Chunk) => void): Promise<End> {
    for (;;) {
      let frame: string
      try {
        frame = await this.session.frame()
      } catch (error) {
        return { reason: `${error instanceof Error ? error.message : String(error)}${this.problem}` }
      }
      this.frames.push(frame)
      if (frame === 'h') this.heartbeats += 1
      else if (frame.startsWith('c')) return closing(frame)
      else for (const message of messagesOf(frame)) receive({ octets: Buffer.from(message), binary: false, at: Date.now() })
    }
  }

  drop (): void {
    const { session } = this
    this.sending = this.sending.then(() => session instanceof WebSocketSession ? session.socket.drop() : session.abandon())
  }

  destroy (): void {
    this.session.abandon()
  }
}

function closing (frame: string): End {
  const [code, reason]: unknown[] = JSON.parse(frame.slice(1))
  if (typeof code !== 'number' || typeof reason !== 'string') throw new Mismatch('the c frame', 'a code and a reason', frame)
  return { code, reason }
}

export class TcpCarrier implements Carrier {
  readonly name = 'tcp'
  readonly socket: net.Socket
  lastWrite = 0
  lastRead = 0

  constructor (socket: net.Socket) {
    this.socket = socket
  }

  static async connect (host: string, port: number): Promise<TcpCarrier> {
    const socket = net.connect({ host, port })
    socket.setNoDelay(true)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return new TcpCarrier(socket)
  }

  send (octets: Buffer): void {
    this.lastWrite = performance.now()
    this.socket.write(octets)
  }

  async run (receive: (chunk: Chunk) => void): Promise<End> {
    return await new Promise((resolve) => {
      this.socket.on('data', (octets: Buffer) => {
        this.lastRead = performance.now()
        receive({ octets, binary: true, at: Date.now() })
      })
      this.socket.on('error', (error) => resolve({ reason: error.message }))
      this.socket.on('close', () => resolve({ reason: '' }))
    })
  }

  drop (): void {
    this.socket.end()
  }

  destroy (): void {
    this.socket.destroy()
  }
}
