import type { PreparedMessage } from './prepared-message.ts'

/** The end of a session. */
export interface CloseEvent {
  /** The close code: that of the application, of the client, or of the server. */
  readonly code: number
  /** The reason that goes with the code. It may be empty. */
  readonly reason: string
  /** True when the end was orderly and every message that was sent before was handed to the connection. */
  readonly clean: boolean
  /** Messages that were sent and never handed to a connection. */
  readonly undelivered: number
}

/** The facts about a transport that a layer above must know. Layers decide by these and never by the name of a transport. */
export interface TransportFacts {
  /** The frames around messages: those of SockJS, or `none` where messages travel as they are. */
  readonly framing: 'sockjs' | 'none'
  /** True where the stream outlives a connection: the client comes back with another one. */
  readonly resumable: boolean
  /** True where each message to an idle client costs a request of that client, so that heart-beats must be rare. */
  readonly costlyHeartbeats: boolean
}

/** A message from a client: bytes only where `binary` is on and the client sent bytes. */
export type Message = string | Uint8Array

/**
 * An ordered stream of messages in both directions. It is all that a layer on top may know of its client. A SockJS session implements
 * it, also for a raw WebSocket and a TCP socket.
 */
export interface MessageStream {
  /** Queues a message. Returns false above the high-water mark, and then the sender waits for `drained()`. */
  send (message: Message | PreparedMessage): boolean
  /** Flushes what was sent, then closes. */
  close (code: number, reason: string): void
  /** Drops the connection at once. */
  terminate (): void
  /** Holds the client back. Its messages wait, and the server does not read its connection. */
  pause (): void
  /** Ends a `pause()`. The messages come again. */
  resume (): void
  /** Resolves when less than the high-water mark waits, or the stream has ended. */
  drained (): Promise<void>
  /** The bytes that were sent and have not left the process. */
  readonly bufferedBytes: number
  /** True where bytes can be sent. */
  readonly binary: boolean
  /** The name of the transport, for the application and the log. */
  readonly transport: string
  /** The facts about the transport. */
  readonly transportFacts: TransportFacts
  /** The address of the client. */
  readonly ip: string
  /** The user of the transport, as the hooks of the HTTP request found it. */
  readonly user: unknown
  /** The values that the application keeps with the client. */
  readonly attributes: unknown
  /** Stops the heartbeats of the transport, because the layer above has its own (HEARTBEAT-9). */
  quiet (): void
  /** Adds a listener for messages. */
  on (event: 'message', listener: (message: Message) => unknown): this
  /** Adds a listener for the end, which comes exactly once. */
  on (event: 'close', listener: (event: CloseEvent) => unknown): this
}
