import { HttpTestClient } from './http-client.ts'
import { SocketTestClient } from './socket-client.ts'
import type { Arrivals } from './wait.ts'

/** How a server ended a session. */
export interface Closing {
  readonly code: number
  readonly reason: string
}

/** The answer to a send: status and body over HTTP, 0 where the transport has no answers. */
export interface SendAnswer {
  readonly status: number
  readonly body: string
}

/**
 * A client of one transport, written for these tests: it hides nothing that a test wants to see and repairs
 * nothing. On a raw WebSocket each message counts as the frame `a["…"]`, and the close as `c[…]`.
 */
export interface TestClient {
  readonly transport: TransportName
  /** Every SockJS frame, decoded from its envelope. */
  readonly frames: Arrivals<string>
  /** The code and reason of the close frame. */
  readonly closed: Promise<Closing>
  /** Resolves when no receiving request is open any more, or the WebSocket is over, however that came. */
  readonly ended: Promise<void>
  /** Whether a new receiving request follows when one has ended. */
  comeBack: boolean
  /** Connects and takes the frame `o`. */
  open (): Promise<this>
  /** Makes one receiving request more. */
  receive (): void
  /** Sends messages in one payload. */
  send (...messages: string[]): Promise<SendAnswer>
  /** Sends a payload as it is. */
  sendText (text: string): Promise<SendAnswer>
  /** The next frame. */
  frame (): Promise<string>
  /** The next `count` messages, out of as many frames as they take. */
  messages (count: number): Promise<string[]>
  /** Stops reading what the server sends; `thaw` goes on. */
  freeze (): void
  thaw (): void
  /** Cuts the connection of the receiver. */
  abort (): void
}

export interface ClientOptions {
  readonly path?: string
  readonly headers?: Record<string, string>
  /** The client's session id. */
  readonly id?: string
  /** Whether polls follow each other by themselves; by default they do. */
  readonly comeBack?: boolean
}

export const SOCKETS = ['websocket', 'websocket-raw'] as const
export const STREAMS = ['xhr-streaming', 'eventsource', 'htmlfile'] as const
export const POLLS = ['xhr-polling', 'jsonp-polling'] as const
export const HTTP = [...STREAMS, ...POLLS] as const
export const TRANSPORTS = [...SOCKETS, ...HTTP] as const

/** What a SockJS endpoint can be reached by. */
export type TransportName = typeof TRANSPORTS[number]

/** How clients speak to a server: HTTP/1 without TLS, unless it says otherwise. */
export interface Wire {
  /** The certificate that the clients trust: they speak HTTPS. */
  readonly ca?: string
  /** The clients speak HTTP/2, which carries no WebSockets. */
  readonly http2?: boolean
}

/** Whom clients connect to, in this process or in another. */
export interface Host {
  readonly port: number
  readonly wire?: Wire
  own<C extends { abort (): void }> (client: C): C
}

let counter = 0

/** A session id that no other client of this process has. */
export function newId (): string {
  return `id${process.pid}x${counter++}`
}

export function newClient (server: Host, transport: TransportName, options: ClientOptions = {}): TestClient {
  const all = { path: '/echo', headers: {}, id: newId(), comeBack: true, ...options }
  const made: TestClient = transport === 'websocket' || transport === 'websocket-raw'
    ? new SocketTestClient(server, transport, all)
    : new HttpTestClient(server, transport, all)
  return server.own(made)
}

/** A client whose session is open. */
export function connect (server: Host, transport: TransportName, options: ClientOptions = {}): Promise<TestClient> {
  return newClient(server, transport, options).open()
}
