import type { EventEmitter } from 'node:events'

/** The client's end of a WebSocket without a socket: the part of a `WebSocket` of `ws` that a test needs. */
export interface InjectedWebSocket extends EventEmitter {
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: 0 | 1 | 2 | 3
  /** The subprotocol that the server chose, or an empty string. */
  readonly protocol: string
  /** Sends a text, or bytes. */
  send (data: string | Uint8Array): void
  /** Sends a ping. */
  ping (data?: string | Uint8Array): void
  /** Closes with a close frame. */
  close (code?: number, reason?: string): void
  /** Ends the connection without a close frame. */
  terminate (): void
  on (event: 'open', listener: () => void): this
  on (event: 'message', listener: (data: Buffer, isBinary: boolean) => void): this
  on (event: 'ping' | 'pong', listener: (data: Buffer) => void): this
  on (event: 'close', listener: (code: number, reason: Buffer) => void): this
  on (event: 'error', listener: (error: Error) => void): this
  once (event: 'open', listener: () => void): this
  once (event: 'message', listener: (data: Buffer, isBinary: boolean) => void): this
  once (event: 'ping' | 'pong', listener: (data: Buffer) => void): this
  once (event: 'close', listener: (code: number, reason: Buffer) => void): this
  once (event: 'error', listener: (error: Error) => void): this
}

/** The two moments at which a test adds its listeners. */
export interface InjectWebSocketOptions {
  /** Runs before the first message can come. */
  onInit?: (ws: InjectedWebSocket) => void
  /** Runs when the connection is open. */
  onOpen?: (ws: InjectedWebSocket) => void
}

/** Opens a WebSocket at `path` through all hooks; `upgradeContext` holds the headers of the request. */
export type InjectWebSocket = (path?: string, upgradeContext?: object, options?: InjectWebSocketOptions) => Promise<InjectedWebSocket>
