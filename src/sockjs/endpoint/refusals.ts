import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../../core/clock.ts'

/** The time within which one line about a thing is enough, in milliseconds. */
const SILENCE = 60_000

/** The most things of a kind that have lines of their own within that time. */
const MOST = 100

/** The most characters of a text that a client has chosen, such as an origin or a host. */
const MAX_TEXT = 120

/** The kinds of refusals that an operator must know, each with the first step towards its end. */
const KINDS = {
  scheme: {
    level: 'warn',
    text: 'A page of the server\'s own host was refused, because the server computes http for its own origin and the page has https. ' +
      'If a proxy ends TLS, set Fastify\'s trustProxy, and let the proxy send X-Forwarded-Proto. Else add the origin to the option origins.'
  },
  origin: {
    level: 'warn',
    text: 'A page was refused, because its origin is neither the server\'s own nor in the option origins. ' +
      'Add it there. If it is the server\'s own, let the proxy pass the Host that the browser sent.'
  },
  'no origin': {
    level: 'warn',
    text: 'A request of another site was refused, because it has no Origin. Add the origin of the page to the option origins, and look for a proxy that removes the header.'
  },
  hostname: { level: 'warn', text: 'A request was refused, because allowedHosts does not contain its host. Add the host to that option.' },
  upgrade: {
    level: 'warn',
    text: 'A request to a WebSocket URL did not ask for an upgrade. If a proxy removes the headers Upgrade and Connection, let it pass them on.'
  },
  session: {
    level: 'info',
    text: 'A message came for a session that this process does not have. The session has ended, or another process has it. ' +
      'The proxy must send all requests of a session to one process.'
  },
  owner: { level: 'info', text: 'A request for the session of another client was refused. The field differs says whether the user, the origin or the address is another.' },
  maxSessions: { level: 'warn', text: 'A session was refused, because there are maxSessions already. Raise that option of app.register(sockjs), or add a process.' },
  maxDetachedSessions: {
    level: 'warn',
    text: 'A session was refused, because there are maxDetachedSessions without a receiver already. Raise that option of app.register(sockjs), or lower disconnectDelay.'
  },
  maxSessionsPerAddress: {
    level: 'warn',
    text: 'A session was refused, because its address has maxSessionsPerAddress already. If the address is that of a proxy, set Fastify\'s trustProxy.'
  },
  body: { level: 'warn', text: 'A body was refused with 413, because it is larger than four times maxMessageSize. Raise that option, or let the client send smaller messages.' },
  message: { level: 'warn', text: 'A message was refused, because it is larger than maxMessageSize. Raise that option, or let the client send smaller messages.' },
  compressed: { level: 'warn', text: 'A body was refused with 415, because it is compressed. Switch that off in the client or the proxy.' },
  slow: {
    level: 'warn',
    text: 'A session closed with 1013, because more than queue.limit waits for its client, or because the client reads nothing for sendTimeout. ' +
      'Send less, or wait for drained() when send() returns false.'
  },
  flood: { level: 'warn', text: 'A session closed with 1008, because its client sends faster than the application takes messages.' },
  unanswered: { level: 'info', text: 'A WebSocket closed, because its client did not answer a ping within pongTimeout.' },
  budget: { level: 'warn', text: 'More than maxBufferedBytes wait in this process. The session with the largest queue was closed with 1013.' }
} as const satisfies Record<string, { level: 'info' | 'warn', text: string }>

export type RefusalKind = keyof typeof KINDS

/** Cuts a text that a client has chosen. */
export function cutText (text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
}

/** The lines about one kind of refusal at one place. */
interface Told {
  /** When each thing was told. The oldest come first. */
  readonly at: Map<string, number>
  /** How many refusals had no line, because `MOST` others had one within the minute. */
  untold: number
}

/**
 * Logs why clients are refused. There is one line a minute for each thing, so that neither a busy client nor an attacker fills the log.
 * The memory for that is bounded: `MOST` short texts for each kind and each place.
 */
export class RefusalLog {
  readonly #clock: Clock
  readonly #told = new Map<string, Told>()

  constructor (clock: Clock) {
    this.#clock = clock
  }

  /**
   * Writes a line, unless one about the same `thing` was written within the last minute. `place` is the path of an endpoint: invented
   * origins at one endpoint must not silence another.
   */
  tell (log: FastifyBaseLogger, kind: RefusalKind, place: string, thing: string, facts: Record<string, unknown>): void {
    const { level, text } = KINDS[kind]
    const told = this.#toldOf(`${kind} ${place}`)
    const short = cutText(thing)
    if (told.at.has(short)) return
    if (told.at.size >= MOST) {
      if (told.untold++ === 0) log[level]({ refused: kind, untold: true }, `More than ${MOST} different refusals of this kind came within a minute. Further ones have no lines.`)
      return
    }
    told.at.set(short, this.#clock.now())
    const { untold } = told
    told.untold = 0
    log[level]({ refused: kind, ...facts, ...(untold > 0 ? { untold } : {}) }, `${text} See docs/troubleshooting.md`)
  }

  /** The lines of the last minute. */
  #toldOf (key: string): Told {
    let told = this.#told.get(key)
    if (told === undefined) this.#told.set(key, told = { at: new Map(), untold: 0 })
    const now = this.#clock.now()
    for (const [old, at] of told.at) {
      if (now - at < SILENCE) break
      told.at.delete(old)
    }
    return told
  }
}
