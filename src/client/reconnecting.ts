import { parseAddress } from './address.ts'
import { Emitter } from './emitter.ts'
import type { Handler, SockJSCloseEvent, SockJSEvent, SockJSMessageEvent } from './events.ts'
import { resumable, type ResumableEventMap } from './resumable.ts'
import type { ResumableOptions } from './resumed-session.ts'
import { CLOSED, CLOSING, CONNECTING, OPEN } from './session.ts'
import { SockJS } from './sockjs.ts'

/** Options of a stream over many sessions. */
export interface ReconnectingOptions extends ResumableOptions {
  /** The pause before the next session, in milliseconds. It doubles with each failure. By default 500. */
  readonly minDelay?: number
  /** The longest pause, in milliseconds, also for a server that asks for a longer one. By default 30,000. */
  readonly maxDelay?: number
  /** The sessions in a row that may fail before the stream ends. By default there is no limit. */
  readonly attempts?: number
  /** The messages that are kept while there is no session. By default 100. */
  readonly queue?: number
  /** Tells whether a session goes on over another connection, if the server can resume it, before another session follows. By default false. */
  readonly resume?: boolean
  /** Tells whether another session follows one that ended in this way. By default not after 1000, 1008, 1009 and codes from 4000 on. */
  readonly retry?: (closing: Closing) => boolean
}

/** The end of one session. */
export type Closing = Pick<SockJSCloseEvent, 'code' | 'reason' | 'wasClean' | 'retryAfter' | 'undelivered'>

/** The end of one session, after which another one follows. */
export interface InterruptEvent extends SockJSCloseEvent<Reconnecting> {
  /** The pause before the next session, in milliseconds. */
  readonly delay: number
  /** The sessions that failed in a row. */
  readonly failures: number
}

/** The events of a stream over many sessions, by name. */
export interface ReconnectingEventMap {
  /** A session is open: the first, or another one. The state of the application at the server is new. */
  open: SockJSEvent<Reconnecting>
  /** A message has come. */
  message: SockJSMessageEvent<Reconnecting>
  /** The connection of a session is lost. With `resume` alone. */
  suspend: ResumableEventMap['suspend']
  /** The session goes on over another connection. */
  resume: ResumableEventMap['resume']
  /** A session has ended, or could not be opened. Another one follows. */
  interrupt: InterruptEvent
  /** The stream has ended. */
  close: SockJSCloseEvent<Reconnecting>
}

/** Tells whether the next session may end in another way. */
export const isTemporary = ({ code }: Closing): boolean => code < 4000 && ![1000, 1008, 1009].includes(code)

/** Factors of the pause after codes with which a server ends many sessions at once. After 1013 it is short of room. */
const FACTORS: Readonly<Record<number, number>> = { 1001: 4, 1012: 4, 1013: 16 }

/** The time for which a session must be open so that the failures before it no longer count, in milliseconds. */
const STABLE = 5000

/** The address of an endpoint, or a function that returns it, which is called before each session. */
export type ReconnectingUrl = string | URL | (() => string | URL | Promise<string | URL>)

/** One session, with the part of the interface of `SockJS` that a stream uses. */
export interface SessionLike {
  /** The address, absolute. */
  readonly url: string
  /** Called when the session is open. */
  onopen?: Handler<SockJSEvent> | undefined
  /** Called with each message. */
  onmessage?: Handler<SockJSMessageEvent> | undefined
  /** Called once, when the session has ended. */
  onclose?: Handler<SockJSCloseEvent> | undefined
  /** Called by a session that can be resumed, when its connection is lost. */
  onsuspend?: Handler<SockJSEvent> | undefined
  /** Called by a session that can be resumed, when it goes on. */
  onresume?: Handler<SockJSEvent> | undefined
  /** Leaves a connection that is dead, and goes on over another one. Returns false if the session cannot. */
  renew?: () => boolean
  /** Sends a message. */
  send (message: unknown): void
  /** Ends the session. */
  close (code?: number, reason?: string): void
}

/** A stream of messages over many sessions, one after the other. */
export interface Reconnecting extends Emitter<ReconnectingEventMap> {
  /** Called with each session that is open. */
  onopen?: Handler<ReconnectingEventMap['open']>
  /** Called with each message. */
  onmessage?: Handler<ReconnectingEventMap['message']>
  /** Called when the connection of a session is lost. */
  onsuspend?: Handler<ReconnectingEventMap['suspend']>
  /** Called when a session goes on over another connection. */
  onresume?: Handler<ReconnectingEventMap['resume']>
  /** Called when a session has ended and another one follows. */
  oninterrupt?: Handler<ReconnectingEventMap['interrupt']>
  /** Called once, when the stream has ended. */
  onclose?: Handler<ReconnectingEventMap['close']>
  /** The session in use. Between two sessions, `null`. */
  readonly session: SessionLike | null
  /** The state, as of `SockJS`: 0 connecting, also between two sessions, 1 open, 3 closed. */
  readonly readyState: number
  /**
   * Sends a message, or keeps it for the next session.
   *
   * Returns false if the message is lost, because the stream has ended or too many messages wait.
   */
  send (message: unknown): boolean
  /** Ends the stream and its session. The parameters are those of {@link SockJS.close}. */
  close (code?: number, reason?: string): void
}

/**
 * Opens a session, and another one each time that it ends, so that an application has one stream.
 *
 * The stream ends by `close()`, by the signal, after `attempts` failures in a row, or when `retry` returns false. A message that was on its
 * way when a session broke is not sent again, unless the session can be resumed.
 *
 * @param url The address of the endpoint, or a function that returns it before each session, for example with a fresh ticket.
 * @param options The settings of the stream and of each session.
 * @throws `TypeError` or `SyntaxError` if the address is not valid, as {@link SockJS} does.
 */
export function reconnecting (url: ReconnectingUrl, options: ReconnectingOptions = {}): Reconnecting {
  if (typeof url !== 'function') parseAddress(url)
  return manySessions(url, options, (url) => options.resume ? resumable(url, options) : new SockJS(url, null, options))
}

/** Opens sessions by a function, one after the other, and makes one stream of them. */
export function manySessions (url: ReconnectingUrl, options: ReconnectingOptions, openSession: (url: string | URL) => SessionLike): Reconnecting {
  const { retry = isTemporary, attempts = Infinity, minDelay = 500, maxDelay = 30_000, queue = 100, signal } = options
  const waiting: string[] = []
  const stream = Object.assign(new Emitter<ReconnectingEventMap>(), { readyState: CONNECTING, session: null as SessionLike | null, send, close })
  let failures = 0
  let openedAt = 0
  let timer: ReturnType<typeof setTimeout>

  function send (message: unknown): boolean {
    if (stream.readyState === OPEN) stream.session!.send(message)
    else if (stream.readyState || waiting.length >= queue) return false
    else waiting.push(`${message}`)
    return true
  }

  function close (code = 1000, reason = 'Normal closure'): void {
    if (stream.readyState > OPEN) return
    stream.session?.close(code, reason)
    stream.readyState = CLOSING
    clearTimeout(timer)
    if (!stream.session) setTimeout(closed, 0, { code, reason, wasClean: true })
  }

  const abort = (): void => close()

  async function open (): Promise<void> {
    try {
      const given = typeof url === 'function' ? await url() : url
      if (stream.readyState) return
      const session = stream.session = openSession(given)
      session.onopen = () => {
        stream.readyState = OPEN
        openedAt = Date.now()
        for (const message of waiting.splice(0)) session.send(message)
        stream.emit('open')
      }
      session.onmessage = ({ data }) => stream.emit('message', { data })
      session.onsuspend = session.onresume = ({ type }) => stream.emit(type)
      session.onclose = closed
    } catch (error) {
      closed({ code: 1006, reason: `${error}`, wasClean: false })
    }
  }

  function closed (event: Closing): void {
    const { readyState } = stream
    stream.session = null
    stream.readyState = CONNECTING
    if (readyState && Date.now() - openedAt > STABLE) failures = 0
    if (readyState > OPEN || signal?.aborted || ++failures >= attempts || !retry(event)) {
      stream.readyState = CLOSED
      signal?.removeEventListener('abort', abort)
      return stream.emit('close', event)
    }
    const pause = Math.min(maxDelay, minDelay * 2 ** (failures - 1) * (FACTORS[event.code] ?? 1))
    const delay = Math.min(maxDelay, (event.retryAfter ?? 0) + pause * (0.5 + Math.random() / 2))
    timer = setTimeout(open, delay)
    stream.emit('interrupt', { ...event, delay, failures })
  }

  signal?.addEventListener('abort', abort)
  open()
  return stream
}
