/** The name of a transport. The client tries them in this order. */
export type SockJSTransport = 'websocket' | 'xhr-streaming' | 'eventsource' | 'xhr-polling'

/** The end of an attempt to open a session by one transport. */
export interface FailedAttempt {
  /** The transport that failed. */
  readonly transport: SockJSTransport
  /**
   * The cause, which the server is told too.
   *
   * 0: the platform has no such transport. 2007: no `o` came in time. Below 1000: the status of a response. Others: the code with which
   * the connection closed.
   */
  readonly code: number
  /** The cause in words, such as `HTTP 404`. */
  readonly reason: string
}

/** Header fields of requests, or a function that returns them, which is called before each request. */
export type RequestHeaders = Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>)

/** Options of a session. */
export interface SockJSOptions {
  /** The first segment of the URLs of the session, for load balancers. By default three random characters. */
  readonly server?: string
  /** The length of the random session id, or a function that returns an id. By default 16. */
  readonly sessionId?: number | (() => string)
  /** The transports that the client may use. By default all. Names that this client does not know are ignored. */
  readonly transports?: string | readonly string[]
  /** The least time for an attempt by one transport, in milliseconds. By default the client derives it from the round trip of `/info`. */
  readonly timeout?: number
  /** Header fields of all HTTP requests. A browser sends none of them with a WebSocket. With this option `eventsource` uses `fetch`. */
  readonly headers?: RequestHeaders | undefined
  /** The cookies of HTTP requests, as `fetch` takes it. By default `include`, because load balancers need cookies. */
  readonly credentials?: 'include' | 'omit' | 'same-origin'
  /** A signal that closes the session, as `close()` does. */
  readonly signal?: AbortSignal | undefined
  /** A function that is called after each failed attempt. */
  readonly onattempt?: (attempt: FailedAttempt) => void
}
