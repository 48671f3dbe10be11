import type { PreparedMessage } from './prepared-message.ts'

/** How a session ended. */
export interface CloseEvent {
  /** The close code: the application's, the client's, or one of ours. */
  readonly code: number
  /** The reason that goes with the code; may be empty. */
  readonly reason: string
  /** True when everything sent before was handed to the connection and the end was orderly. */
  readonly clean: boolean
  /** Messages that were sent and never handed to a connection. */
  readonly undelivered: number
}

/** A message from a client: bytes only where `binary` is on and the client sent bytes. */
export type Message = string | Uint8Array

/**
 * An ordered stream of messages in both directions: all that a layer on top may know of its client. SockJS
 * sessions and raw WebSockets implement it; so does a plain TCP socket.
 */
export interface MessageStream {
  /** Queues a message. False above the high-water mark: wait for `drained()`. */
  send (message: Message | PreparedMessage): boolean
  /** Flushes what was sent, then closes. */
  close (code: number, reason: string): void
  /** Drops the connection at once. */
  terminate (): void
  /** Stops the client: messages wait, and the connection is not read. */
  pause (): void
  /** Lets the messages come again after `pause()`. */
  resume (): void
  /** Resolves when less than the high-water mark waits, or the stream has ended. */
  drained (): Promise<void>
  /** Bytes that were sent and have not left the process. */
  readonly bufferedBytes: number
  /** Whether bytes can be sent. */
  readonly binary: boolean
  /** How the client is connected. */
  readonly transport: string
  /** The address of the client. */
  readonly ip: string
  /** Who the client is to the transport: what hooks of the HTTP request have found out. */
  readonly user: unknown
  /** What the application keeps with the client. */
  readonly attributes: unknown
  /** Stops the heartbeats of the transport, because the layer above has its own (HEARTBEAT-9). */
  quiet (): void
  /** Listens for messages. */
  on (event: 'message', listener: (message: Message) => unknown): this
  /** Listens for the end, which comes exactly once. */
  on (event: 'close', listener: (event: CloseEvent) => unknown): this
}
