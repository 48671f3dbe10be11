import type { Address } from './address.ts'
import type { SockJSCloseEvent } from './events.ts'
import { Kept } from './kept.ts'
import type { SockJSOptions } from './options.ts'
import { platform } from './platform.ts'
import { CLOSED, CLOSING, CONNECTING, type Continuity, type Face, isOfPrograms, OPEN, openSession, type Session } from './session.ts'

/** Options of a session that can be resumed. */
export interface ResumableOptions extends SockJSOptions {
  /** The pause before the second attempt to resume, in milliseconds. It doubles with each failure. The first attempt comes at once. By default 250. */
  readonly minDelay?: number
  /** The longest pause, in milliseconds. By default 5,000. */
  readonly maxDelay?: number
  /** The most characters of messages that are kept until the server confirms them. By default 1,048,576. */
  readonly limit?: number
}

/** The application's end of a session that can be resumed. */
interface ResumableFace extends Face {
  suspended: boolean
  bufferedAmount: number
  renew: () => boolean
}

/** The code of a WebSocket that another connection follows. */
const SUSPENDED = 4900

/** The messages, the characters and the milliseconds after which the client confirms messages of the server. */
const CONFIRM = { messages: 64, size: 16_384, time: 5000 }

/** The time for which a connection must last so that the failures before it no longer count, in milliseconds. */
const STABLE = 5000

/** The time for the frame `r` behind the `o` of another connection, in milliseconds. */
const GREETING = 10_000

/** The longest time of a timer, in milliseconds. */
const LONGEST = 2 ** 31 - 1

/** A timer that is late by this time shows that the machine stood still, in milliseconds. Timers of hidden tabs are late by a minute. */
const STANDSTILL = 120_000

/** Opens a session that outlives its connections, if the server can resume it. Each connection has a face of its own. */
export function openResumable (address: Address, options: ResumableOptions, face: ResumableFace): Session {
  const { signal, minDelay = 250, maxDelay = 5000, limit = 1_048_576 } = options
  const kept = new Kept(limit)
  /** The secret by which the client finds its session again; empty if the server has given none. */
  let token = ''
  /** The time for which the server keeps the session, in milliseconds; 0 if it resumes none. */
  let within = 0
  /** The messages of the server, the number of these that it was told of, and the characters since then. */
  let received = 0
  let told = 0
  let size = 0
  /** The face of the connection in use. Events of others are ignored. */
  let current: Face | null
  let connection: Session
  let connectedAt = 0
  let failures = 0
  let retrying: ReturnType<typeof setTimeout>
  let expiring: ReturnType<typeof setTimeout>
  let ticking: ReturnType<typeof setInterval> | undefined
  let tickedAt = Date.now()

  const continuity: Continuity = {
    code: SUSPENDED,
    info (info) {
      if (!info) return
      within = Math.min(Number(info.resume) || 0, LONGEST)
      if (token && !within) end('Server resumes no sessions')
    },
    query (readyState, isLast) {
      if (!readyState) return within ? `&resume=${token ? `${token}.${received}` : 1}` : ''
      // A confirmation uses up the old token, so that none may come before the new one.
      if (!within || face.suspended) return ''
      const leaves = isLast && readyState > OPEN ? '&close=1' : ''
      if (!token) return leaves
      told = received
      return `&r=${received}${leaves}`
    },
    frame ([first, count]) {
      if (!within) return
      if (typeof first === 'number') confirmed(first)
      else if (first) greeted(`${first}`, count)
      else foreign()
    }
  }

  /** The events of the connection in use. */
  const events: Record<string, (event?: any) => void> = {
    open () {
      if (face.readyState) {
        // The connection may be dead, or lead to a server that knows no `r`.
        retrying = setTimeout(connection.finish, GREETING, 1006, '')
        return
      }
      connectedAt = Date.now()
      face.readyState = OPEN
      face.transport = current!.transport
      face.emit('open')
    },
    heartbeat () {
      // A prelude of `h` stands before `o`.
      if (face.suspended && current!.readyState === OPEN) return foreign()
      face.emit('heartbeat')
    },
    error () { if (!connectedAt) face.emit('error') },
    message (event: { data: string }) {
      if (face.suspended) return foreign()
      received++
      size += event.data.length
      face.emit('message', event)
      if (token && (received - told >= CONFIRM.messages || size >= CONFIRM.size)) confirm()
    },
    close (event: SockJSCloseEvent) {
      if (!token || face.readyState > OPEN || event.wasClean || isOfPrograms(event.code)) return closed(event)
      suspend()
      // A listener may have closed the session.
      if (face.readyState > OPEN) return
      const pause = failures++ && Math.min(maxDelay, minDelay * 2 ** (failures - 2)) * (0.5 + Math.random() / 2)
      retrying = setTimeout(connect, Math.max(pause, event.retryAfter ?? 0))
    }
  }

  function connect (): void {
    current = { readyState: CONNECTING, transport: null, emit (type, members) { if (this === current) events[type]!(members) } }
    connection = openSession(address, options, current, continuity)
  }

  const isConnected = (): boolean => current?.readyState === OPEN && !face.suspended

  function greeted (given: string, count: unknown): void {
    token = given
    confirmed(count)
    ticking ??= setInterval(tick, CONFIRM.time)
    if (!face.suspended) return confirm()
    const { missing } = kept
    if (!missing) return end('Messages for the server were forgotten')
    clearTimeout(retrying)
    clearTimeout(expiring)
    connectedAt = Date.now()
    face.suspended = false
    face.transport = current!.transport
    confirm()
    missing.forEach(connection.send)
    face.emit('resume')
  }

  function confirmed (count: unknown): void {
    kept.confirm(count)
    face.bufferedAmount = kept.size
  }

  function confirm (): void {
    if (!isConnected() || !within) return
    told = received
    size = 0
    // Without a token there is nothing to confirm. SockJS servers ignore an empty message.
    connection.confirm(token && `r${received}`)
  }

  function tick (): void {
    const late = Date.now() - tickedAt
    tickedAt += late
    if (late > STANDSTILL) wake()
    else if (received > told) confirm()
  }

  /** Leaves the connection, so that another one can take its place. */
  function suspend (): void {
    const left = current
    current = null
    clearTimeout(retrying)
    if (left) connection.finish(1006, '')
    if (face.suspended) return
    if (Date.now() - connectedAt > STABLE) failures = 0
    face.suspended = true
    face.transport = null
    expiring = setTimeout(end, within, 'Session was not resumed in time')
    face.emit('suspend')
  }

  /** Resumes the session at once. The connection in use may be dead without a sign. */
  function wake (): boolean {
    if (face.readyState !== OPEN || !token) return false
    suspend()
    failures = 1
    if (face.readyState === OPEN) connect()
    return true
  }

  const listeners: Record<string, (event: { readonly persisted?: boolean }) => void> = {
    pagehide ({ persisted }) {
      if (!token || persisted === false) return finish(1001, 'Page hidden', !!token)
      suspend()
    },
    pageshow ({ persisted }) { if (persisted) wake() },
    online: wake
  }

  /** Ends the session, because the connection belongs to another one. */
  const foreign = (): void => end('Session cannot be resumed')

  /** Ends a session that cannot go on. */
  function end (reason: string): void {
    finish(1006, reason, false)
  }

  function finish (code: number, reason: string, wasClean: boolean): void {
    if (face.readyState > OPEN) return
    // The last request tells the server that the client does not come back, also before the client has read a token.
    if (wasClean) confirm()
    face.readyState = CLOSING
    stop()
    const left = current
    if (face.suspended) current = null
    if (left) connection.finish(code, reason, wasClean)
    if (!current) setTimeout(closed, 0, { code, reason, wasClean: wasClean && !kept.unconfirmed })
  }

  function stop (): void {
    clearTimeout(retrying)
    clearTimeout(expiring)
    clearInterval(ticking)
    signal?.removeEventListener('abort', abort)
    for (const type in listeners) platform.removeEventListener?.(type, listeners[type]!)
  }

  function closed (event: Pick<SockJSCloseEvent, 'code' | 'reason' | 'wasClean'>): void {
    stop()
    face.readyState = CLOSED
    face.transport = null
    face.suspended = false
    face.emit('close', { ...event, undelivered: token ? kept.unconfirmed : undefined })
  }

  const abort = (): void => finish(1000, 'Normal closure', true)

  face.renew = wake
  for (const type in listeners) platform.addEventListener?.(type, listeners[type]!)
  signal?.addEventListener('abort', abort)
  connect()

  return {
    send (message) {
      if (within) face.bufferedAmount = kept.add(message)
      if (isConnected()) connection.send(message)
    },
    confirm,
    finish
  }
}
