import {
  closeFrame, type CloseReason, type Frame, HEARTBEAT, messageFrame, OPEN, type Outgoing, type TransportName
} from '../protocol/index.ts'
import type { AnySession, Message, Receiver } from '../session/index.ts'
import { type IncomingRules, readFramed, readRaw } from './incoming.ts'

/**
 * A WebSocket as a receiver, whatever its draft: with SockJS framing, or raw. What is left to the drafts is how
 * text, bytes, pings and the close travel.
 */
export abstract class SocketReceiver implements Receiver {
  protected readonly session: AnySession
  readonly #rules: IncomingRules
  #ended = false

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
  protected abstract writeFrame (frame: Frame): void
  /** Writes messages without SockJS framing. */
  protected abstract writeRaw (messages: readonly Outgoing[], bytes: number): void
  /** Writes a ping where the draft has one, after `h` where `speak` is set; returns whether an answer is due. */
  protected abstract ping (speak: boolean): boolean
  /** Begins the closing handshake. */
  protected abstract end (reason: CloseReason): void

  get transport (): TransportName { return this.session.transport }

  sharesConnection (): boolean { return false }

  open (): void { this.writeFrame(OPEN) }

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

  /** A message has arrived. */
  incoming (data: Buffer | string, isBinary: boolean): void {
    const read = this.session.raw ? readRaw : readFramed
    const result = read(data, isBinary, this.#rules)
    if (isMessages(result)) this.session.receive(result)
    else this.refuse(result)
  }

  /** The client broke a rule: the connection closes without a close frame of SockJS (WS-7). */
  protected refuse (reason: CloseReason): void {
    this.session.closed(this, reason, false)
    this.finish(reason)
  }

  protected finish (reason: CloseReason): void {
    if (this.#ended) return
    this.#ended = true
    this.end(reason)
  }
}

function isMessages (result: readonly Message[] | CloseReason): result is readonly Message[] {
  return Array.isArray(result)
}
