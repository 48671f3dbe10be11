/** The part of `websocket-driver` that the old drafts need. */
declare module 'websocket-driver' {
  import type { IncomingMessage } from 'node:http'
  import type { Duplex } from 'node:stream'

  export interface DriverOptions {
    maxLength?: number
    protocols?: string[]
    /** Since 0.8: drafts 75 and 76 are refused without it. */
    allowDrafts?: boolean
  }

  export interface Driver {
    readonly io: Duplex
    readonly version: string
    setHeader (name: string, value: string): boolean
    start (): boolean
    text (message: string): boolean
    close (): boolean
    /** Not documented: whether the client's closing handshake of draft 76 has begun. */
    readonly _closing?: boolean
    on (event: 'message', listener: (event: { data: string | Buffer }) => void): this
    on (event: 'open' | 'close' | 'error', listener: (event: unknown) => void): this
  }

  const websocketDriver: { http (request: IncomingMessage, options: DriverOptions): Driver }
  export default websocketDriver
}
