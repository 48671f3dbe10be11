import type { Link } from '../../cluster/link.ts'
import { SERVICES } from '../../cluster/services.ts'
import { closeFrame, type CloseReason, type Envelope, HEARTBEAT, messageFrame, type Outgoing, type SockjsFrame, type TransportName } from '../protocol/index.ts'
import type { Receiver, ResponseOutput } from '../session/index.ts'
import type { Lingering } from '../transports/index.ts'
import { frameRecord, plainRecord, TO_EDGE } from './wire.ts'

/** The session's end of a leg. */
export interface LegOutput extends ResponseOutput {
  /** The client has closed its WebSocket at the edge. */
  closed (receiver: Receiver, reason: CloseReason, clean: boolean): void
}

/** The values that a leg needs at the node that owns its session. */
export interface LegOptions {
  readonly transport: TransportName
  /** The envelope that the edge uses. It tells how many bytes a frame has there. */
  readonly envelope: Envelope
  /** Bytes of frames after which the response ends (XHR-STREAM-7). */
  readonly limit: number
  /** Legs that have ended and have not completely left the edge. */
  readonly lingering: Lingering
}

/**
 * The owner's end of a leg: a receiver whose response is at another node.
 *
 * The owner decides at which frame the response ends, so that the end and the next frames of the session never cross.
 */
export class LegReceiver implements Receiver {
  readonly #link: Link
  readonly #leg: number
  readonly #output: LegOutput
  readonly #options: LegOptions
  /** Bytes of frames as the edge writes them. */
  #written = 0
  /** Bytes of frames that were given to the link, and how many of them have left the edge. */
  #sent = 0
  #left = 0
  #ended = false
  #finished = false

  constructor (link: Link, leg: number, output: LegOutput, options: LegOptions) {
    this.#link = link
    this.#leg = leg
    this.#output = output
    this.#options = options
  }

  /** The node at which the response is. */
  get edge (): string { return this.#link.peer }

  get transport (): TransportName { return this.#options.transport }

  get buffered (): number {
    // The end of a response is not written for free: the client can come back only after it.
    return this.#finished ? 0 : this.#sent - this.#left + (this.#ended ? 1 : 0)
  }

  get progress (): number { return this.#left }

  get queued (): boolean { return false }

  /** True if no frame can be written any more. */
  get hasEnded (): boolean { return this.#ended }

  get answered (): boolean { return true }

  /** Returns false, because the owner waits for the word of the edge instead. */
  sharesConnection (): boolean { return false }

  cork (): void {}
  uncork (): void {}

  control (frame: SockjsFrame): void { this.#write(frame) }

  messages (messages: readonly Outgoing[], bytes: number): void { this.#write(messageFrame(messages, bytes)) }

  heartbeat (speak: boolean): boolean {
    if (speak) this.#write(HEARTBEAT)
    return false
  }

  close ({ code, reason }: CloseReason): void {
    if (this.#ended) return
    this.#write(closeFrame(code, reason))
    this.#end()
  }

  /** Does nothing, because a response is not read. */
  pause (): void {}

  destroy (): void { this.#tell(TO_EDGE.destroy) }

  #write (frame: SockjsFrame): void {
    if (this.#ended) return
    const { envelope, limit } = this.#options
    this.#link.send(SERVICES.toEdge, frameRecord(this.#leg, frame.text))
    this.#sent += frame.bytes
    // A polling response ends with its one frame, also at the edge.
    if (envelope.stream === null) return this.#over()
    this.#written += envelope.encode(frame).length
    if (this.#written >= limit) this.#end()
  }

  #end (): void {
    if (this.#ended) return
    this.#tell(TO_EDGE.end)
    this.#over()
  }

  #over (): void {
    this.#ended = true
    this.#options.lingering.add(this)
    this.#output.done(this)
  }

  #tell (operation: number): void { this.#link.send(SERVICES.toEdge, plainRecord(operation, this.#leg)) }

  // --- reports of the edge -----------------------------------------------------------------------------------

  /** Bytes have left the edge. */
  left (position: number): void {
    if (position <= this.#left || position > this.#sent) return
    this.#left = position
    if (position === this.#sent && !this.#ended) this.#output.flushed(this)
  }

  /** The whole response has left the edge. One that the owner has not ended is gone instead, and its session must not go on. */
  finished (): void {
    if (!this.#ended) return this.cut()
    this.#finished = true
    this.#options.lingering.finished(this)
    this.#output.flushed(this)
  }

  /** The response is gone before its end, or the edge is. */
  cut (): void {
    if (this.#finished) return
    this.#ended = true
    this.#options.lingering.finished(this)
    this.#output.interrupted(this)
  }

  /** The client has closed its WebSocket. */
  closed (reason: CloseReason): void {
    this.#ended = true
    this.#options.lingering.finished(this)
    this.#output.closed(this, reason, true)
  }

  /** Ends the response, because the edge is about to stop. A polling response needs a frame for that. */
  release (): void {
    if (this.#options.envelope.stream === null) this.#write(HEARTBEAT)
    else this.#end()
  }
}
