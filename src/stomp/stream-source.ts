import type { Socket } from 'node:net'
import type { Clock } from '../core/clock.ts'
import type { Message } from '../stream/message-stream.ts'

/** The code of a close, with the reason that goes with it. */
export interface CloseReason {
  readonly code: number
  readonly reason: string
}

/** The client of a test, which gets the messages of its session without a socket. */
export interface InjectedReceiver {
  received (message: Message): void
  closed (reason: CloseReason): void
}

/** The connection of the client of a test. */
export interface InjectedConnection {
  /** True when no message comes any more. */
  readonly closed: boolean
  /** Sends a message to the session. */
  send (message: Message): void
  /** Drops the connection. */
  cut (): void
}

/** The server below the STOMP layer, which makes streams also for clients without an HTTP request. */
export interface StreamSource {
  readonly clock: Clock
  /** Makes a stream of a TCP connection, or drops the connection where there is no room. */
  acceptTcp (socket: Socket): void
  /** Makes a stream for the client of a test. `user` is the user of the transport. */
  inject (user: unknown, receiver: InjectedReceiver): InjectedConnection
  /** @throws FST_SOCKJS_INVALID_CLOSE */
  checkClose (code?: number, reason?: string): void
}
