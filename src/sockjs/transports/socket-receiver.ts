import { closeFrame, type CloseReason, HEARTBEAT, messageFrame, type Outgoing, readConfirmation, type SockjsFrame, type TransportName } from '../protocol/index.ts'
import { type AnySession, ENDINGS, type MessageFault, type Receiver } from '../session/index.ts'
import { type IncomingRules, readFramed, readRaw } from './incoming.ts'

/** The length of the longest confirmation: `r` and 14 digits. */
const MAX_CONFIRMATION = 15

/**
 * A WebSocket of any draft as a receiver, with SockJS framing or raw.
 *
 * A subclass for each kind of draft writes text, bytes, pings and the close.
 */
export abstract class SocketReceiver implements Receiver {
  protected readonly session: AnySession
  readonly #rules: IncomingRules
  #ended = false
  /** The end by the client, or its fault. The receiver acts on it when this turn of the event loop is over. */
  #verdict: Verdict | null = null

  constructor (session: AnySession, rules: IncomingRules) {
    this.session = session
    this.#rules = rules
  }

  abstract readonly buffered: number
  abstract readonly progress: number
  abstract readonly answered: boolean
  abstract cork (): void
  abstract uncork (): void
  abstract pause (on: boolean): void
  abstract destroy (): void

  /** Writes one SockJS frame. */
  protected abstract writeFrame (frame: SockjsFrame): void
  /** Writes messages without SockJS framing. */
  protected abstract writeRaw (messages: readonly Outgoing[], bytes: number): void
  /** Writes a ping if the draft has one, after `h` if `speak` is set. Returns true if an answer is due. */
  protected abstract ping (speak: boolean): boolean
  /** Begins the closing handshake. */
  protected abstract end (reason: CloseReason): void

  get transport (): TransportName { return this.session.transport }
  get queued (): boolean { return false }

  sharesConnection (): boolean { return false }

  control (frame: SockjsFrame): void { this.writeFrame(frame) }

  messages (messages: readonly Outgoing[], bytes: number): void {
    if (this.session.raw) this.writeRaw(messages, bytes)
    else this.writeFrame(messageFrame(messages, bytes))
  }

  heartbeat (speak: boolean): boolean { return this.ping(speak && !this.session.raw) }

  close (reason: CloseReason): void {
    if (this.#ended) return
    if (!this.session.raw) this.writeFrame(closeFrame(reason.code, reason.reason))
    this.finish(reason)
  }

  protected writeHeartbeat (): void { this.writeFrame(HEARTBEAT) }

  /** Passes a message to the session. After the end of the connection it ignores messages. */
  incoming (data: Buffer | string, isBinary: boolean): void {
    if (this.#verdict !== null) return
    if (this.session.resumption !== null && this.#resumes(data, isBinary)) return
    const read = this.session.raw ? readRaw : readFramed
    const result = read(data, isBinary, this.#rules)
    if (typeof result === 'string') this.conclude(ENDINGS[result].close, false, result)
    else this.session.receive(result, typeof data === 'string' ? Buffer.byteLength(data) : data.length)
  }

  /** Reads a message of a session that can be resumed. Returns true if it brings no messages for the application. */
  #resumes (data: Buffer | string, isBinary: boolean): boolean {
    // A message of a lost connection comes too late. The client sends it again.
    if (this.session.output.receiver !== this) return true
    const count = isBinary || data.length > MAX_CONFIRMATION ? null : readConfirmation(data.toString())
    if (count !== null) this.session.resumption!.confirmed(count)
    return count !== null
  }

  /**
   * Notes that the client has ended the connection, or has broken a rule. Then no close frame of SockJS follows (WS-7).
   *
   * Messages that came before in the same segment go to the application. A reader of the iteration gets them later in this turn of the event
   * loop. An answer that it sends at once must leave before the Close frame, because no frame may follow that one (RFC 6455, section 5.5.1).
   */
  protected conclude (reason: CloseReason, clean: boolean, fault: MessageFault | null = null): void {
    if (this.#verdict === null) setImmediate(() => this.#execute())
    this.#verdict = { reason, clean, fault }
  }

  /** Acts on the end by the client before this turn is over, because after it nothing can be written. */
  protected settle (): boolean {
    if (this.#verdict !== null) this.#execute()
    return this.#ended
  }

  #execute (): void {
    if (this.#ended) return
    const { reason, clean, fault } = this.#verdict!
    const { output } = this.session
    if (fault === null) output.closed(this, reason, clean)
    else output.faulty(this, fault)
    this.finish(reason)
  }

  /** True when the client has ended the connection, or has broken a rule. */
  protected get concluded (): boolean { return this.#verdict !== null }

  /** True when the server has written its own Close frame. */
  protected get ended (): boolean { return this.#ended }

  protected finish (reason: CloseReason): void {
    if (this.#ended) return
    this.#ended = true
    this.end(reason)
  }
}

interface Verdict {
  readonly reason: CloseReason
  readonly clean: boolean
  /** The fault in a message of the client, or `null` if the client has closed. */
  readonly fault: MessageFault | null
}
