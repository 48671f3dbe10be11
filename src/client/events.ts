/** An event without a value: `open`, `heartbeat` or `error`. */
export interface SockJSEvent<Target = unknown> {
  /** The name of the event. */
  readonly type: string
  /** The object to which the event belongs. */
  readonly target: Target
}

/** A message of the server. */
export interface SockJSMessageEvent<Target = unknown> extends SockJSEvent<Target> {
  /** The message. */
  readonly data: string
}

/** The end of a session. */
export interface SockJSCloseEvent<Target = unknown> extends SockJSEvent<Target> {
  /** The close code, such as 1000, or 1006 for a connection that broke. */
  readonly code: number
  /** The reason that the server or the client gave. */
  readonly reason: string
  /** Tells whether the server or the application closed the session. False if the application closed it while it was suspended and `undelivered` is not 0. */
  readonly wasClean: boolean
  /** The pause that the server asked for by `Retry-After`, in milliseconds. */
  readonly retryAfter?: number | undefined
  /** The messages that the server has not confirmed, if it could resume the session. It may have got some of them. */
  readonly undelivered?: number | undefined
}

/** The events of a session, by name. */
export interface SockJSEventMap {
  /** The session is open. */
  open: SockJSEvent
  /** A message has come. */
  message: SockJSMessageEvent
  /** The server has shown that it is there. */
  heartbeat: SockJSEvent
  /** The application closed the session before the endpoint answered `/info`. The event `close` follows. */
  error: SockJSEvent
  /** The session has ended. */
  close: SockJSCloseEvent
}

/** A handler in a property such as `onmessage`. */
export type Handler<E> = ((event: E) => void) | null
