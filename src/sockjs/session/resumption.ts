import type { Clock } from '../../core/clock.ts'
import { addListener, emit, type Listeners, removeListener } from '../../core/listeners.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import { CLOSE, confirmationFrame, type ResumeClaim, type SockjsFrame, tokenFrame, type TransportName } from '../protocol/index.ts'
import type { LossCause } from './endings.ts'
import { KeptMessages } from './kept-messages.ts'
import type { AnySession } from './session-host.ts'

/** The messages of a client after which the server confirms them. */
const CONFIRM_AFTER = 64

/** The time after which the server confirms a message of the client, in milliseconds. */
const CONFIRM_WITHIN = 5_000

/** The bounds of a resumption. */
export interface ResumeLimits {
  /** The time that a session lives without a connection, in milliseconds. */
  readonly within: number
  /** The most bytes that the server keeps for a session: encoded bytes, and `OVERHEAD` for each message. */
  readonly limit: number
}

/**
 * The end of a suspension, as the metrics have it.
 *
 * `expired`: the client did not come back in time. `ended`: the session has ended for another reason.
 */
export type SuspensionOutcome = 'resumed' | 'expired' | 'ended'

/** The part of an endpoint that knows all its sessions which can be resumed. */
export interface ResumptionHost {
  /** @internal Makes a token by which requests find the session. */
  issue (session: AnySession): string
  /** @internal Forgets a token. */
  drop (token: string): void
  /** @internal Counts a session that is not suspended any more. */
  suspensionOver (outcome: SuspensionOutcome): void
}

/** The events that tell of a lost connection. They carry nothing. */
export type ResumptionEvent = 'suspend' | 'resume'

/** The part of a session that outlives its connection: tokens, counts, and messages that wait for a confirmation. */
export class Resumption implements TimerOwner {
  readonly limits: ResumeLimits
  /** The messages for the client that it has not confirmed. */
  readonly kept: KeptMessages
  /** The cause for which the connection was lost; `null` while the session is not suspended. */
  cause: LossCause | null = null
  readonly #session: AnySession
  readonly #host: ResumptionHost
  readonly #clock: Clock
  readonly #timer = new Timer(this)
  /** The token of the present connection. */
  #token: string
  /** The token by which that connection was made. It stays valid until the first confirmation over the connection, because the answer may be lost. */
  #spare: string | null = null
  /** The messages of the client that the session has taken. */
  #received = 0
  /** The number of these that the client was told last. */
  #told = 0
  /** True until the client of the present connection has the frame with its token. */
  #greets = true
  /** True when a confirmation is due. */
  #due = false
  #listeners: Record<ResumptionEvent, Listeners<undefined>> | null = null

  constructor (session: AnySession, host: ResumptionHost, clock: Clock, limits: ResumeLimits) {
    this.#session = session
    this.#host = host
    this.#clock = clock
    this.limits = limits
    this.kept = new KeptMessages(limits.limit)
    this.#token = host.issue(session)
  }

  // --- counts ------------------------------------------------------------------------------------------------

  /** The messages of the client that the session has taken. */
  get received (): number { return this.#received }

  /** Counts messages of the client. */
  took (count: number): void {
    this.#received += count
    if (this.#received - this.#told >= CONFIRM_AFTER) this.expire()
    else if (count > 0 && !this.#timer.running) this.#clock.start(this.#timer, CONFIRM_WITHIN)
  }

  /** Confirms the messages of the client that it was not told of, because one has waited long enough. */
  expire (): void {
    this.#due = true
    this.#session.output.schedule()
  }

  /** Takes the frame that must stand before the next messages, or `null` if none is due. */
  takeFrame (): SockjsFrame | null {
    if (!this.#greets && !this.#due) return null
    const frame = this.#greets ? tokenFrame(this.#token, this.#received) : confirmationFrame(this.#received)
    this.#greets = this.#due = false
    this.#told = this.#received
    this.#clock.stop(this.#timer)
    return frame
  }

  /** Notes that the client has got its first `count` messages. A count that cannot be has no effect. */
  confirmed (count: number): void {
    if (!this.kept.confirm(count)) return
    if (this.#spare !== null) this.#host.drop(this.#spare)
    this.#spare = null
    this.#session.account()
  }

  // --- the connection ----------------------------------------------------------------------------------------

  /** Suspends the session, because its connection is lost. */
  suspend (cause: LossCause): void {
    this.cause = cause
    this.#session.output.suspend(this.limits.within)
    this.#session.account()
    // The requests of the old connection get their answers, and their messages are not taken.
    this.#session.releaseSenders()
    this.#tell('suspend')
  }

  /**
   * Prepares the session for a new connection of its client.
   *
   * A connection that the session still has ends with 2010, because another one takes its place.
   */
  rebind (transport: TransportName, { token, count }: ResumeClaim): void {
    const session = this.#session
    const { receiver } = session.output
    if (this.cause === null) this.suspend('interrupted')
    receiver?.close(CLOSE.conflict)
    // A listener may have ended the session.
    if (session.state === 'closed') return
    this.kept.confirm(count)
    session.output.restart(this.kept.takeBack())
    session.account()
    this.#renew(token)
    session.moveTo(transport)
  }

  /** Goes on, because the client of a suspended session is here. */
  returned (): void {
    this.#over('resumed')
    this.#tell('resume')
  }

  /** Ends a suspended session as it would have ended at the cut, because its client does not come back. */
  giveUp (outcome: 'expired' | 'ended'): void {
    const cause = this.cause!
    this.#over(outcome)
    this.#session.end(cause)
    this.#session.forget()
  }

  /** Ends all of it, because the session has ended. */
  stop (): void {
    if (this.cause !== null) this.#over('ended')
    this.#clock.stop(this.#timer)
    this.#host.drop(this.#token)
    if (this.#spare !== null) this.#host.drop(this.#spare)
    this.kept.clear()
  }

  #over (outcome: SuspensionOutcome): void {
    this.cause = null
    this.#host.suspensionOver(outcome)
  }

  /** Makes the token of a new connection. The `used` one is valid until the client confirms over it, and all others end. */
  #renew (used: string): void {
    for (const token of [this.#token, this.#spare]) if (token !== null && token !== used) this.#host.drop(token)
    this.#spare = used
    this.#token = this.#host.issue(this.#session)
    this.#greets = true
  }

  // --- events ------------------------------------------------------------------------------------------------

  on (event: ResumptionEvent, listener: (value: undefined) => unknown): void {
    this.#listeners ??= { suspend: null, resume: null }
    this.#listeners[event] = addListener(this.#listeners[event], listener)
  }

  off (event: ResumptionEvent, listener: (value: undefined) => unknown): void {
    if (this.#listeners !== null) this.#listeners[event] = removeListener(this.#listeners[event], listener)
  }

  #tell (event: ResumptionEvent): void {
    if (this.#listeners !== null) emit(this.#listeners[event], undefined, (error) => this.#session.report(error, `${event} listener`))
  }
}
