import type { Clock } from '../../core/clock.ts'
import { type RefusalLine, RefusalLog, type RefusalWriter } from '../../core/refusal-log.ts'
import { shorten } from '../../core/shorten.ts'

/** The refusals that an operator must know, by the code that the client gets. */
const LINES = {
  STOMP_ACCESS_REFUSED: { level: 'info', text: 'a client was refused: a rule, a hook or the broker denies the frame' },
  STOMP_AUTHENTICATION_FAILED: { level: 'info', text: 'a client was refused: its login failed' },
  STOMP_UNKNOWN_DESTINATION: { level: 'info', text: 'a client was refused: nothing serves the destination' },
  STOMP_INVALID_DESTINATION: { level: 'info', text: 'a client was refused: the broker does not take the destination in this form' },
  STOMP_UNKNOWN_HOST: { level: 'info', text: 'a client was refused: its CONNECT names no virtual host of the option hosts' },
  STOMP_RATE_EXCEEDED: { level: 'info', text: 'a client was refused: its user sends and subscribes more often than the option rate allows' },
  STOMP_FELL_BEHIND: { level: 'warn', text: 'a client was cut off: it acknowledges or reads too slowly, and messages for it were lost' },
  STOMP_QUEUE_FULL: { level: 'warn', text: 'a client was refused: the queue is full; see maxQueueMessages and maxQueueBytes' },
  STOMP_BROKER_FULL: { level: 'warn', text: 'a client was refused: the queues of the broker are full; see maxBytes' },
  STOMP_TOO_MANY_QUEUES: { level: 'warn', text: 'a client was refused: the broker has maxQueues queues already' }
} as const satisfies Record<string, RefusalLine>

type RefusalKind = keyof typeof LINES

/** A refusal, with the client that got it. */
export interface Refusal {
  readonly code: string
  /** The status of HTTP, where the error has one. */
  readonly statusCode: number | undefined
  readonly destination: string | undefined
  readonly user: string | undefined
  readonly session: string
  /** The text that the client gets. */
  readonly message: string
  /** True for the answer to a CONNECT. */
  readonly isLogin: boolean
}

/** Logs refusals, one line a minute for each code, destination and user. */
export class StompRefusals {
  readonly #lines: RefusalLog<RefusalKind>
  readonly #log: RefusalWriter

  constructor (clock: Clock, log: RefusalWriter) {
    this.#lines = new RefusalLog(clock, LINES)
    this.#log = log
  }

  /** Tells the log of a refusal, and returns whether an operator must know of it. */
  tell (refusal: Refusal): boolean {
    const kind = kindOf(refusal)
    if (kind === null) return false
    const destination = refusal.destination === undefined ? undefined : shorten(refusal.destination)
    const user = refusal.user === undefined ? undefined : shorten(refusal.user)
    const facts = { refused: refusal.code, session: refusal.session, destination, user, said: shorten(refusal.message) }
    this.#lines.tell(this.#log, kind, '', JSON.stringify([refusal.code, user, destination]), facts)
    return true
  }
}

/** Finds the kind of a refusal. Hooks of the application refuse with codes of their own, and with a status of HTTP. */
function kindOf ({ code, statusCode, isLogin }: Refusal): RefusalKind | null {
  if (Object.hasOwn(LINES, code)) return code as RefusalKind
  if (statusCode === 401 || (isLogin && statusCode !== undefined)) return 'STOMP_AUTHENTICATION_FAILED'
  return statusCode === 403 ? 'STOMP_ACCESS_REFUSED' : null
}
