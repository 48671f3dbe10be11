import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock/index.ts'

/** How long one line about a thing is enough, in milliseconds. */
const SILENCE = 60_000

/** How many things of a kind have lines of their own within that time. */
const MOST = 100

/** Clients choose parts of a line: an origin, a host. */
const MAX_TEXT = 120

/** The kinds of refusals of which an operator must know, each with the first step towards its end. */
const KINDS = {
  scheme: {
    level: 'warn',
    text: 'a page of the server\'s own host was refused because the server takes itself for http: a proxy ends TLS; set Fastify\'s trustProxy, and let the proxy send X-Forwarded-Proto; or add the origin to the option origins'
  },
  origin: {
    level: 'warn',
    text: 'a page was refused because its origin is neither the server\'s own nor in the option origins: add it there; if it is the server\'s own, let the proxy pass the Host that the browser sent'
  },
  'no origin': {
    level: 'warn',
    text: 'a request of another site was refused because the browser sent no Origin with it: add the origin of the page to the option origins, and look for a proxy that removes the header'
  },
  hostname: { level: 'warn', text: 'a request was refused because allowedHosts does not name its host: add the host to that option' },
  upgrade: {
    level: 'warn',
    text: 'a request came to a WebSocket URL without asking for an upgrade: a proxy removes the headers Upgrade and Connection; let it pass them on'
  },
  session: {
    level: 'info',
    text: 'a message came for a session that this process does not have: the session has ended, or it lives in another process; the proxy must send all requests of a session to one process'
  },
  owner: { level: 'info', text: 'a request for the session of another client was refused; `differs` says whether the user, the origin or the address is another' },
  maxSessions: { level: 'warn', text: 'a session was refused because there are maxSessions already: raise that option of app.register(sockjs), or add a process' },
  maxDetachedSessions: {
    level: 'warn',
    text: 'a session was refused because there are maxDetachedSessions without a receiver already: raise that option of app.register(sockjs), or lower disconnectDelay'
  },
  maxSessionsPerAddress: {
    level: 'warn',
    text: 'a session was refused because its address has maxSessionsPerAddress already: if the address is that of a proxy, set Fastify\'s trustProxy'
  },
  body: { level: 'warn', text: 'a body was refused with 413 because it is larger than four times maxMessageSize: raise that option, or let the client send smaller messages' },
  message: { level: 'warn', text: 'a message was refused because it is larger than maxMessageSize: raise that option, or let the client send smaller messages' },
  'slow body': { level: 'info', text: 'a body was refused with 408 because it was not complete within bodyTimeout' },
  compressed: { level: 'warn', text: 'a compressed body was refused with 415: a client or a proxy compresses requests; switch that off' },
  slow: { level: 'warn', text: 'a session closed with 1013 because more than queue.limit waited for its client: send less, or wait for drained() when send() returns false' },
  flood: { level: 'warn', text: 'a session closed with 1008 because its client sends faster than the application takes messages' },
  unanswered: { level: 'info', text: 'a WebSocket closed because its client did not answer a ping within pongTimeout' },
  budget: { level: 'warn', text: 'more than maxBufferedBytes wait in this process; the session with the largest queue was closed with 1013' }
} as const satisfies Record<string, { level: 'info' | 'warn', text: string }>

export type RefusalKind = keyof typeof KINDS

/** Cuts a text that a client has chosen. */
export function cutText (text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
}

/**
 * Tells the log why clients are refused: one line a minute for each thing, so that neither a busy client nor an attacker fills the log.
 * The memory that this takes is bounded: `MOST` short texts for each kind.
 */
export class RefusalLog {
  readonly #clock: Clock
  readonly #told = new Map<RefusalKind, Map<string, number>>()

  constructor (clock: Clock) {
    this.#clock = clock
  }

  /** Writes a line, unless one about the same `thing` was written within the last minute. */
  tell (log: FastifyBaseLogger, kind: RefusalKind, thing: string, facts: Record<string, unknown>): void {
    const { level, text } = KINDS[kind]
    if (this.#isDue(kind, cutText(thing))) log[level]({ refused: kind, ...facts }, `${text} (docs/troubleshooting.md)`)
  }

  #isDue (kind: RefusalKind, thing: string): boolean {
    const now = this.#clock.now()
    let told = this.#told.get(kind)
    if (told === undefined) this.#told.set(kind, told = new Map())
    // The oldest come first.
    for (const [old, at] of told) {
      if (now - at < SILENCE) break
      told.delete(old)
    }
    if (told.has(thing) || told.size >= MOST) return false
    told.set(thing, now)
    return true
  }
}
