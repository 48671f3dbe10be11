import type { SockJSOptions } from '../options.ts'

/** Carries the frames of one session, by one connection or by many requests. */
export interface Transport {
  /** Sends a message, given as a JSON string. */
  send (message: string): void
  /** Tells the server how many messages have come. Over HTTP the query of a request says it. */
  confirm (text: string): void
  /** Ends the connection and all requests. With `flush`, the messages that wait are sent before. */
  close (flush: boolean): void
}

/** The session, as its transport sees it. A session that has ended or has taken another transport ignores all calls. */
export interface Link {
  readonly options: SockJSOptions
  /** The code with which a WebSocket closes without `flush`, if the session outlives the connection. */
  readonly code: number | undefined
  /** Returns the URL of a route below that of the session, such as `/xhr_send`. `isLast` is true if no message waits behind the request. */
  url (route: string, isLast?: boolean): string
  /** Takes a frame: `o`, `h`, `a[…]`, `m…` or `c[…]`. */
  frame (text: string): void
  /** Learns that the transport has failed: the status of a response, or a close code, and the reason. */
  lost (code: number, reason: string): void
}

/** Opens a transport. It throws if the platform does not have the means. */
export type OpenTransport = (link: Link) => Transport
