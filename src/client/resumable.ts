import { openResumable, type ResumableOptions } from './resumed-session.ts'
import type { Handler, SockJSEvent, SockJSEventMap } from './events.ts'
import { SockJS } from './sockjs.ts'

/** The events of a session that can be resumed, by name. */
export interface ResumableEventMap extends SockJSEventMap {
  /** The connection is lost. Messages that the application sends are kept. */
  suspend: SockJSEvent
  /** Another connection has taken the place of the lost one. No message is lost, and none comes twice. */
  resume: SockJSEvent
}

class ResumableSockJS extends SockJS<ResumableEventMap> {
  readonly suspended: boolean = false
  readonly bufferedAmount: number = 0
  declare readonly renew: () => boolean
  declare onsuspend: Handler<SockJSEvent> | undefined
  declare onresume: Handler<SockJSEvent> | undefined

  constructor (url: string | URL, options: ResumableOptions) {
    super(url, null, options, openResumable as never)
  }
}

/** One session over many connections, with the interface of {@link SockJS}. */
export interface Resumable extends SockJS<ResumableEventMap> {
  /** True while the connection is lost and the client tries to resume the session. `readyState` stays 1. */
  readonly suspended: boolean
  /** The characters of the messages that are kept, because the server has not confirmed them. The server does so after 64 messages or 5 seconds. */
  readonly bufferedAmount: number
  /**
   * Leaves the connection, and resumes the session over another one at once. Use it for a connection that is dead without a sign.
   *
   * Returns false, without an effect, if the session is not open or cannot be resumed.
   */
  readonly renew: () => boolean
  /** Called when the connection is lost. */
  onsuspend: Handler<SockJSEvent> | undefined
  /** Called when the session goes on over another connection. */
  onresume: Handler<SockJSEvent> | undefined
}

/**
 * Opens a session that goes on after its connection is lost, over another one of any transport.
 *
 * The server must have the option `resume`. With any other server the session is a plain one. If the server cannot resume the session, or not
 * within its time, the session closes with 1006. The event `close` has `undelivered`.
 *
 * @param url The address of the endpoint, relative to the page or absolute.
 * @param options The settings of the session.
 * @throws `TypeError` or `SyntaxError` if the address is not valid, as {@link SockJS} does.
 */
export function resumable (url: string | URL, options: ResumableOptions = {}): Resumable {
  return new ResumableSockJS(url, options)
}
