import { type Address, parseAddress, randomText } from './address.ts'
import { askInfo, type Info } from './info.ts'
import type { SockJSOptions, SockJSTransport } from './options.ts'
import { platform } from './platform.ts'
import { TRANSPORTS } from './transports/table.ts'
import type { Link, Transport } from './transports/transport.ts'

/** The states of a session, with the numbers of `WebSocket`. */
export const CONNECTING = 0
export const OPEN = 1
export const CLOSING = 2
export const CLOSED = 3

/** The round trips of an attempt, as sockjs-client counts them. */
const ROUND_TRIPS = 2

/** Tells whether a program may close with this code. */
export const isOfPrograms = (code: number): boolean => code === 1000 || (code >= 3000 && code <= 4999)

/** The application's end of a session. The session writes the two properties. */
export interface Face {
  readyState: number
  transport: SockJSTransport | null
  emit (type: string, members?: object): void
}

/** One session with an endpoint: the state machine between the application and the transports. */
export interface Session {
  /** Sends a message, given as a JSON string. */
  send (message: string): void
  /** Tells the server how many messages the client has got. The text goes over a WebSocket; a request has the number in its query. */
  confirm (text: string): void
  /** Ends the session. All calls after the first have no effect. */
  finish (code: number, reason: string, wasClean?: boolean): void
}

/** A session over several connections, as one of these connections sees it. */
export interface Continuity {
  /** Takes the answer to `/info`; `null` without one. */
  info (info: Info | null): void
  /** The code with which a WebSocket closes that another connection follows. */
  readonly code: number
  /** Returns the parameters of a request, each behind `&`. The state is that of this connection. `isLast` is true if no message waits behind the request. */
  query (readyState: number, isLast?: boolean): string
  /** Takes the content of a frame `r`. */
  frame (content: readonly unknown[]): void
}

/**
 * Opens a session. The client asks for `/info`, and tries one transport after the other until the server sends `o`.
 *
 * With `continuity`, the session that the application sees outlives this connection. Then its owner listens to the page and to the signal.
 */
export function openSession (address: Address, options: SockJSOptions, face: Face, continuity?: Continuity): Session {
  const { signal, transports = [], timeout = 0, sessionId = 16, server = randomText(3), onattempt } = options
  /** The failed attempts, as the server is told. */
  const failed: string[] = []
  /** Aborts the request of `/info`; `null` when the answer has come. */
  let asking: AbortController | null = new AbortController()
  let transport: Transport | null
  /** The link of the transport in use. Others are ignored. */
  let current: Link | null
  let timer: ReturnType<typeof setTimeout>

  async function ask (): Promise<void> {
    const { info, rto, retryAfter } = await askInfo(options, address, asking!)
    continuity?.info(info)
    if (face.readyState) return
    asking = null
    if (!info) return finish(1002, 'Cannot connect to server', false, retryAfter)
    if (info.base_url) address = parseAddress(`${info.base_url}`, address.base)
    attempt(Math.max(timeout, rto * ROUND_TRIPS), TRANSPORTS.filter(([name]) =>
      (!transports.length || transports.includes(name)) && (name !== 'websocket' || info.websocket !== false)))
  }

  /** Tries the first of some transports, in a session with an id of its own. */
  function attempt (patience: number, [kind, ...rest]: typeof TRANSPORTS): void {
    if (!kind) return finish(2000, 'All transports failed')
    const [name, open] = kind
    const url = `${address.base}/${server}/${typeof sessionId === 'function' ? sessionId() : randomText(sessionId)}`
    const link: Link = current = {
      options,
      code: continuity?.code,
      url: (route, isLast) => url + route + query(isLast),
      frame (text) { if (link === current) frame(text, name) },
      lost (code, reason) {
        if (link !== current) return
        // A WebSocket may close with such a code before `o`.
        if (face.readyState || isOfPrograms(code)) return finish(code < 1000 ? 1006 : code, reason)
        release(false)
        failed.push(`${name}:${code}`)
        onattempt?.({ transport: name, code, reason })
        // The function may have closed the session.
        if (!face.readyState) attempt(patience, rest)
      }
    }
    timer = setTimeout(link.lost, patience, 2007, 'Transport timed out')
    try {
      transport = open(link)
    } catch (error) {
      link.lost(0, `${error}`)
    }
  }

  /** Returns the query of a request. Until the session is open, it tells the server which transports have failed. */
  function query (isLast?: boolean): string {
    const { readyState } = face
    const more = (continuity?.query(readyState, isLast) ?? '') + (readyState || !failed[0] ? '' : `&fallback=${failed}`)
    return (address.query + more).replace(/^&/, '?')
  }

  function frame (text: string, name: SockJSTransport): void {
    const type = text[0]
    if (type === 'o') {
      if (face.readyState) return finish(1006, 'Server lost session')
      clearTimeout(timer)
      face.readyState = OPEN
      face.transport = name
      return face.emit('open')
    }
    if (type === 'h') return face.emit('heartbeat')
    let value
    try {
      value = JSON.parse(text.slice(1))
    } catch {
      // As in sockjs-client, such a frame has no effect.
    }
    if (type === 'm') value = [value]
    if (!Array.isArray(value)) return
    if (type === 'r') continuity?.frame(value)
    else if (type === 'c') finish(value[0], value[1], true)
    else for (const data of value) if (face.readyState === OPEN) face.emit('message', { data })
  }

  function release (flush: boolean): void {
    clearTimeout(timer)
    current = face.transport = null
    transport?.close(flush)
    transport = null
  }

  function finish (code: number, reason: string, wasClean = false, retryAfter?: number): void {
    if (face.readyState > OPEN) return
    face.readyState = CLOSING
    asking?.abort()
    release(wasClean)
    platform.removeEventListener?.('pagehide', hide)
    signal?.removeEventListener('abort', abort)
    setTimeout(() => {
      face.readyState = CLOSED
      if (asking) face.emit('error')
      face.emit('close', { code, reason, wasClean, retryAfter })
    })
  }

  const abort = (): void => finish(1000, 'Normal closure', true)
  // The page may come back out of the cache of the browser, which keeps no connection.
  const hide = (): void => finish(1001, 'Page hidden')

  if (!continuity) {
    platform.addEventListener?.('pagehide', hide)
    signal?.addEventListener('abort', abort)
  }
  if (signal?.aborted) abort()
  ask().catch((error: unknown) => finish(1002, `${error}`))

  return { send: (message) => transport!.send(message), confirm: (text) => transport!.confirm(text), finish }
}
