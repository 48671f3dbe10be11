import type { FastifyBaseLogger } from 'fastify'
import type { PreparedMessage } from './prepared-message.ts'

/** The end of a session. */
export interface CloseEvent {
  /** The close code, from the application, the client or the server. */
  readonly code: number
  /** The reason that goes with the code. It may be empty. */
  readonly reason: string
  /** True if the session ended with a close, and every message that was sent before was written to the connection. */
  readonly clean: boolean
  /** The number of messages that were sent but never written to a connection. */
  readonly undelivered: number
}

/** The facts about a transport that a layer above must know. A layer decides by these facts, never by the name of a transport. */
export interface TransportFacts {
  /** The frames around messages: those of SockJS, or `none` if messages travel as they are. */
  readonly framing: 'sockjs' | 'none'
  /** True if the stream outlives a connection, and the client comes back with another one. */
  readonly resumable: boolean
  /** True if each message to an idle client costs a request of that client, so that heart-beats must be rare. */
  readonly costlyHeartbeats: boolean
}

/** A message from a client. It is bytes if `binary` is on and the client sent bytes, else a string. */
export type Message = string | Uint8Array

/**
 * An ordered stream of messages in both directions, between one client and a layer such as STOMP.
 *
 * A layer knows no more than this of its client. A SockJS session implements it, also for a raw WebSocket and a TCP socket.
 *
 * @example A layer that echoes, and reads no faster than its client does:
 * ```ts
 * function echo (stream: MessageStream): void {
 *   stream.on('message', (message) => {
 *     if (message === 'bye') return stream.close(1000, 'Normal closure')
 *     if (stream.send(message)) return
 *     stream.pause()
 *     stream.drained().then(() => stream.resume())
 *   })
 *   stream.on('close', ({ code, undelivered }) => console.log(code, undelivered))
 * }
 * ```
 */
export interface MessageStream {
  /** Queues a message. Returns false above the high-water mark. Then the caller should wait for `drained()`. */
  send (message: Message | PreparedMessage): boolean
  /** Flushes the messages that were sent, then closes. */
  close (code: number, reason: string): void
  /** Drops the connection at once. */
  terminate (): void
  /** Stops the messages of the client. They wait, and the server does not read its connection. */
  pause (): void
  /** Ends a `pause()`. The messages come again. */
  resume (): void
  /** Resolves when less than the high-water mark waits, or the stream has ended. */
  drained (): Promise<void>
  /** True while the connection is cut and the client may come back. Messages that are sent wait, and no message comes. */
  readonly suspended: boolean
  /** The bytes that were sent and have not left the process, or wait for a confirmation of the client. */
  readonly bufferedBytes: number
  /** True if bytes can be sent. */
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
  /** Makes a logger for the layer above, whose id of the session it binds. The id is not a secret. */
  logAs (session: string): FastifyBaseLogger
  /** Stops the heartbeats of the transport, because the layer above has its own (HEARTBEAT-9). */
  quiet (): void
  /** Adds a listener for messages. */
  on (event: 'message', listener: (message: Message) => unknown): this
  /** Adds a listener for the end, which comes exactly once. */
  on (event: 'close', listener: (event: CloseEvent) => unknown): this
  /** Adds a listener for a cut after which the client may come back, or for its return. */
  on (event: 'suspend' | 'resume', listener: () => unknown): this
}
