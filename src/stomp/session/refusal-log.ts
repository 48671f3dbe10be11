import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../../core/clock.ts'

/** How long one line about a thing is enough, in milliseconds. */
const SILENCE = 60_000

/** How many lines about one code may come within that time. */
const MOST = 100

/** Clients choose destinations and logins. */
const MAX_TEXT = 120

/** The refusals of which an operator must know, by code: the client was told the same. */
const TEXTS: ReadonlyMap<string, readonly [level: 'info' | 'warn', text: string]> = new Map(Object.entries({
  STOMP_ACCESS_REFUSED: ['info', 'a client was refused: a rule, a hook or the broker denies what it asked for'],
  STOMP_AUTHENTICATION_FAILED: ['info', 'a client was refused: its login failed'],
  STOMP_UNKNOWN_DESTINATION: ['info', 'a client was refused: nothing serves the destination'],
  STOMP_INVALID_DESTINATION: ['info', 'a client was refused: the broker does not take the destination in this form'],
  STOMP_UNKNOWN_HOST: ['info', 'a client was refused: its CONNECT names no virtual host of the option hosts'],
  STOMP_RATE_EXCEEDED: ['info', 'a client was refused: its user sends and subscribes more often than the option rate allows'],
  STOMP_FELL_BEHIND: ['warn', 'a client was cut off: it acknowledges or reads too slowly, and messages for it were lost'],
  STOMP_QUEUE_FULL: ['warn', 'a client was refused: the queue is full; see maxQueueMessages and maxQueueBytes'],
  STOMP_BROKER_FULL: ['warn', 'a client was refused: the queues of the broker are full; see maxBytes'],
  STOMP_TOO_MANY_QUEUES: ['warn', 'a client was refused: the broker has maxQueues queues already']
}))

/** The lines about one code within a minute. */
interface Told {
  readonly since: number
  readonly things: Set<string>
  /** How many refusals had no line. */
  untold: number
}

/** What was refused to whom. */
export interface Refusal {
  readonly code: string
  /** As HTTP would say it, where the error has that. */
  readonly statusCode: number | undefined
  readonly destination: string | undefined
  readonly user: string | undefined
  readonly session: string
  /** The text that the client gets. */
  readonly message: string
  /** Whether it is the answer to a CONNECT. */
  readonly isLogin: boolean
}

/**
 * Tells the log of refusals: one line a minute for each code, destination and user, and a bound for each code, so that no client
 * fills the log, and no flood of one code hides another. The first line of the next minute says how many had none.
 */
export class RefusalLog {
  readonly #clock: Clock
  readonly #log: FastifyBaseLogger
  /** By the codes of `TEXTS` alone: applications choose codes of their own. */
  readonly #told = new Map<string, Told>()

  constructor (clock: Clock, log: FastifyBaseLogger) {
    this.#clock = clock
    this.#log = log
  }

  /** Says whether the refusal is one of those that the log must have. */
  tell (refusal: Refusal): boolean {
    const code = TEXTS.has(refusal.code) ? refusal.code : codeOfStatus(refusal)
    const known = TEXTS.get(code)
    if (known === undefined) return false
    const destination = cut(refusal.destination)
    const user = cut(refusal.user)
    const untold = this.#countIfDue(code, JSON.stringify([refusal.code, destination, user]))
    if (untold === null) return true
    const [level, text] = known
    this.#log[level]({
      refused: refusal.code, session: refusal.session, destination, user, said: cut(refusal.message), ...(untold > 0 ? { untold } : {})
    }, text)
    return true
  }

  /** `null` when a line about this was written within the minute, else how many of the minute before had none. */
  #countIfDue (code: string, thing: string): number | null {
    const now = this.#clock.now()
    const before = this.#told.get(code)
    if (before === undefined || now - before.since >= SILENCE) {
      this.#told.set(code, { since: now, things: new Set([thing]), untold: 0 })
      return before?.untold ?? 0
    }
    if (before.things.has(thing) || before.things.size >= MOST) {
      before.untold++
      return null
    }
    before.things.add(thing)
    return 0
  }
}

/** Hooks of the application refuse with codes of their own, and with the status of HTTP. */
function codeOfStatus ({ statusCode, isLogin }: Refusal): string {
  if (statusCode === 401 || (isLogin && statusCode !== undefined)) return 'STOMP_AUTHENTICATION_FAILED'
  return statusCode === 403 ? 'STOMP_ACCESS_REFUSED' : ''
}

function cut (text: string | undefined): string | undefined {
  return text !== undefined && text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
}
