// The part of sockjs (which ships no types) that its test server uses.
declare module 'sockjs' {
  import type { EventEmitter } from 'node:events'
  import type { Server } from 'node:http'

  interface Connection extends EventEmitter {
    write (message: string): boolean
    close (code: number, reason: string): boolean
  }

  interface Options {
    prefix: string
    websocket?: boolean
    jsessionid?: boolean
    response_limit?: number
    heartbeat_delay?: number
    disconnect_delay?: number
    base_url?: string
    log?: (severity: string, line: string) => void
  }

  interface Service extends EventEmitter {
    installHandlers (server: Server, options?: Options): boolean
  }

  export function createServer (options?: Options): Service
}
