import type { Clock } from '../../core/clock.ts'
import { Fifo } from '../../core/fifo.ts'
import { addListener, emit, type Listeners, removeListener } from '../../core/listeners.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import { PreparedMessage } from '../../stream/prepared-message.ts'
import { confirmationFrame, formsOf, type Outgoing, type SockjsFrame, tokenFrame } from '../protocol/index.ts'
import type { LossCause } from './endings.ts'
import type { AnySession } from './session-host.ts'

/** The messages of a client after which the server confirms them. */
const CONFIRM_AFTER = 64

/** The time after which the server confirms a message of the client, in milliseconds. */
const CONFIRM_WITHIN = 5_000

/** The bounds of a resumption. */
export interface ResumeLimits {
  /** The time that a session lives without a connection, in milliseconds. */
  readonly within: number
  /** The most encoded bytes that the server keeps for a session. */
  readonly limit: number
}

/** The tokens of the sessions of one endpoint. */
export interface Tokens {
  /** @internal Makes a token by which requests find the session. */
  issue (session: AnySession): string
  /** @internal Forgets a token. */
  drop (token: string): void
}

/** The events that tell of a lost connection. They carry nothing. */
export type ResumptionEvent = 'suspend' | 'resume'

/**
 * The memory by which a session outlives its connection.
 *
 * It counts the messages in both directions, and keeps those for the client until the client has confirmed them. Where they are too many,
 * it forgets the oldest, and a client that has not got these cannot resume.
 */
export class Resumption implements TimerOwner {
  readonly limits: ResumeLimits
  /** The token of the present connection. */
  token: string
  /** The token by which that connection was made. It is valid until the client confirms over the connection, because the answer may be lost. */
  #spare: string | null = null
  /** The cause for which the connection was lost; `null` while the session is not suspended. */
  cause: LossCause | null = null
  /** The messages of the client that the session has taken. */
  received = 0
  /** The number of these that the client was told last. */
  #told = 0
  /** The messages that the client has confirmed. */
  #confirmed = 0
  /** The messages that went to a connection and are kept. They come behind the first `#forgotten` ones. */
  readonly #kept = new Fifo<Outgoing>()
  #forgotten = 0
  /** The encoded length of the messages that are kept. */
  bytes = 0
  /** True until the client of the present connection has the frame with its token. */
  #greets = true
  #due = false
  readonly #session: AnySession
  readonly #tokens: Tokens
  readonly #clock: Clock
  readonly #timer = new Timer(this)
  #listeners: Record<ResumptionEvent, Listeners<undefined>> | null = null

  constructor (session: AnySession, tokens: Tokens, clock: Clock, limits: ResumeLimits) {
    this.#session = session
    this.#tokens = tokens
    this.#clock = clock
    this.limits = limits
    this.token = tokens.issue(session)
  }

  /** The messages that went to a connection and that the client has not confirmed. */
  get unconfirmed (): number { return this.#written - this.#confirmed }

  get #written (): number { return this.#forgotten + this.#kept.length }

  // --- messages to the client --------------------------------------------------------------------------------

  /** Keeps messages that go to a connection now. */
  keep (messages: readonly Outgoing[]): void {
    for (const message of messages) {
      this.#kept.push(message)
      this.bytes += sizeOf(message)
    }
    while (this.bytes > this.limits.limit && this.#kept.length > 1) this.#forget()
  }

  /** Notes that the client has got its first `count` messages. A count that cannot be has no effect. */
  confirm (count: number): void {
    if (count < this.#confirmed || count > this.#written) return
    this.#confirmed = count
    while (this.#forgotten < count) this.#forget()
    if (this.#spare === null) return
    this.#tokens.drop(this.#spare)
    this.#spare = null
  }

  /** Tells whether all messages behind the first `count` are here. */
  has (count: number): boolean { return count >= this.#forgotten && count >= this.#confirmed && count <= this.#written }

  /** Takes out the messages behind the first `count`, because they go to a new connection. */
  takeBack (count: number): { readonly messages: Outgoing[], readonly bytes: number } {
    while (this.#forgotten < count) this.#forget()
    this.#confirmed = count
    const missing = { messages: [...this.#kept], bytes: this.bytes }
    this.#kept.clear()
    this.bytes = 0
    return missing
  }

  #forget (): void {
    this.bytes -= sizeOf(this.#kept.shift()!)
    this.#forgotten++
  }

  // --- messages of the client --------------------------------------------------------------------------------

  /** Counts messages of the client. */
  took (count: number): void {
    this.received += count
    if (this.received - this.#told >= CONFIRM_AFTER) this.expire()
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
    const frame = this.#greets ? tokenFrame(this.token, this.received) : confirmationFrame(this.received)
    this.#greets = this.#due = false
    this.#told = this.received
    this.#clock.stop(this.#timer)
    return frame
  }

  // --- the connection ----------------------------------------------------------------------------------------

  /** Makes the token of a new connection. The `used` one is valid until the client confirms over it, and all others end. */
  renew (used: string): void {
    for (const token of [this.token, this.#spare]) if (token !== null && token !== used) this.#tokens.drop(token)
    this.#spare = used
    this.token = this.#tokens.issue(this.#session)
    this.#greets = true
  }

  /** Ends all of it, because the session has ended. */
  stop (): void {
    this.cause = null
    this.#clock.stop(this.#timer)
    this.#tokens.drop(this.token)
    if (this.#spare !== null) this.#tokens.drop(this.#spare)
    this.#kept.clear()
    this.bytes = 0
  }

  on (event: ResumptionEvent, listener: (value: undefined) => unknown): void {
    this.#listeners ??= { suspend: null, resume: null }
    this.#listeners[event] = addListener(this.#listeners[event], listener)
  }

  off (event: ResumptionEvent, listener: (value: undefined) => unknown): void {
    if (this.#listeners !== null) this.#listeners[event] = removeListener(this.#listeners[event], listener)
  }

  tell (event: ResumptionEvent, failed: (error: unknown) => void): void {
    if (this.#listeners !== null) emit(this.#listeners[event], undefined, failed)
  }
}

/** Returns the encoded length of a message of a SockJS session. */
function sizeOf (message: Outgoing): number {
  return message instanceof PreparedMessage ? formsOf(message).quotedBytes : Buffer.byteLength(message as string)
}
