/** The part of `websocket-driver` that drafts 75 and 76 need. */
declare module 'websocket-driver' {
  import type { IncomingMessage } from 'node:http'
  import type { Duplex } from 'node:stream'

  export interface DriverOptions {
    maxLength?: number
    protocols?: string[]
    /** Allows drafts 75 and 76. Since version 0.8 the driver refuses them without it. */
    allowDrafts?: boolean
  }

  export interface Driver {
    readonly io: Duplex
    readonly version: string
    setHeader (name: string, value: string): boolean
    start (): boolean
    text (message: string): boolean
    close (): boolean
    /** True when the client's closing handshake of draft 76 has begun. It is not documented. */
    readonly _closing?: boolean
    on (event: 'message', listener: (event: { data: string | Buffer }) => void): this
    on (event: 'open' | 'close' | 'error', listener: (event: unknown) => void): this
  }

  const websocketDriver: { http (request: IncomingMessage, options: DriverOptions): Driver }
  export default websocketDriver
}
