// The part of faye-websocket (which ships no types) that the runner uses.
declare module 'faye-websocket' {
  import type { EventEmitter } from 'node:events'
  import type { Socket } from 'node:net'

  export interface ClientOptions {
    headers?: Record<string, string>
    maxLength?: number
    tls?: { rejectUnauthorized?: boolean, servername?: string }
  }

  export class Client extends EventEmitter {
    constructor (url: string, protocols?: readonly string[], options?: ClientOptions)
    readonly protocol: string
    readonly statusCode?: number
    readonly headers?: Record<string, string>
    send (data: string | Buffer): boolean
    ping (data: string, callback: () => void): boolean
    close (code?: number, reason?: string): void
    /** Not documented, and the only way to let go of the socket without a closing handshake. */
    readonly _stream: Socket
  }

  const api: { Client: typeof Client }
  export default api
}
