import type { Link } from '../../cluster/link.ts'
import { SERVICES } from '../../cluster/services.ts'
import { Fifo } from '../../core/fifo.ts'
import { type CloseReason, SockjsFrame } from '../protocol/index.ts'
import type { ResponseOutput } from '../session/index.ts'
import { closedRecord, leftRecord, plainRecord, TO_OWNER } from './wire.ts'

/** The answer of the owner's node to a leg. `lost`: the link to that node broke, so that there is no answer. */
export type LegAnswer = 'accepted' | 'nobody' | 'refused' | 'lost'

/**
 * The states of a leg at its edge.
 *
 * - `asked`: the owner's node has not answered yet;
 * - `accepted`: frames may come, and the response has not begun;
 * - `carrying`: the response carries frames;
 * - `over`: it has ended, and no frame may come.
 */
type LegState = 'asked' | 'accepted' | 'carrying' | 'over'

/** The part of an edge that its legs report to. */
export interface LegKeeper {
  /** Forgets a leg that is over. */
  forget (link: Link, leg: number): void
  /** Reports that bytes of a leg have left. The leg is asked for its record once in this turn of the event loop. */
  moved (leg: EdgeLeg): void
}

/** The response or the WebSocket of a leg at its edge. */
export interface LegResponse {
  /** True when all of it has left. */
  readonly complete: boolean
  write (frame: SockjsFrame): void
  /** Ends it, behind the frames that were written before. */
  end (): void
  /** Drops the connection at once. */
  destroy (): void
}

/** The edge's end of a leg. It takes the place of the session's output: the response of this node reports to it. */
export class EdgeLeg implements ResponseOutput {
  readonly answer: Promise<LegAnswer>
  readonly #link: Link
  readonly #number: number
  readonly #keeper: LegKeeper
  #answered!: (answer: LegAnswer) => void
  #state: LegState = 'asked'
  #receiver: LegResponse | null = null
  /** Frames that came before the response began. */
  readonly #early = new Fifo<string>()
  /** True if the end of the response came before it began. */
  #earlyEnd = false
  /** The lengths of the frames that have not left yet. */
  readonly #leaving = new Fifo<number>()
  #position = 0
  #reported = 0
  #released = false

  constructor (link: Link, number: number, keeper: LegKeeper) {
    this.#link = link
    this.#number = number
    this.#keeper = keeper
    this.answer = new Promise((resolve) => { this.#answered = resolve })
  }

  /** Takes the answer of the owner's node. */
  decide (answer: LegAnswer): void {
    if (this.#state !== 'asked') return
    if (answer === 'accepted') this.#state = 'accepted'
    else this.#over()
    this.#answered(answer)
  }

  /** Begins the response. `begin` makes its receiver, which writes the head. Returns false if the leg is over already. */
  carry (begin: (leg: EdgeLeg) => LegResponse): boolean {
    if (this.#state !== 'accepted') return false
    this.#state = 'carrying'
    this.#receiver = begin(this)
    for (let text = this.#early.shift(); text !== undefined; text = this.#early.shift()) this.frame(text)
    if (this.#earlyEnd) this.end()
    return true
  }

  /** Writes a frame of the session. */
  frame (text: string): void {
    if (this.#receiver === null) {
      if (this.#state !== 'over') this.#early.push(text)
      return
    }
    const bytes = Buffer.byteLength(text)
    this.#leaving.push(bytes)
    this.#receiver.write(new SockjsFrame(text, bytes, false))
  }

  /** Ends the response, as the owner's node has decided. */
  end (): void {
    if (this.#receiver === null) this.#earlyEnd = true
    else this.#receiver.end()
  }

  /** Drops the connection, as the owner's node has decided, or because there is no such node any more. */
  destroy (): void {
    this.decide('lost')
    const receiver = this.#receiver
    this.cut()
    receiver?.destroy()
  }

  /** Tells the owner's node that no response will come, because the client is gone. */
  cut (): void {
    if (this.#state === 'over') return
    this.#tell(TO_OWNER.cut)
    this.#over()
  }

  /** Notes that the client is gone. A response that has begun reports its end itself, which may be its last byte. */
  leave (): void { if (this.#receiver === null) this.cut() }

  /** Asks the owner's node to end this response, because this node is about to stop. */
  release (): void {
    if (this.#state === 'over' || this.#released) return
    this.#released = true
    this.#tell(TO_OWNER.release)
  }

  /** Tells the owner's node how much has left since the last time. */
  report (): void {
    if (this.#state === 'over' || this.#reported === this.#position) return
    this.#reported = this.#position
    this.#link.send(SERVICES.toOwner, leftRecord(this.#number, this.#position))
  }

  // --- reports of the response -------------------------------------------------------------------------------

  /** Does nothing, because the owner's node has decided on the end. */
  done (): void {}

  flushed (): void {
    if (this.#state !== 'carrying') return
    if (this.#receiver!.complete) {
      this.#tell(TO_OWNER.finished)
      return this.#over()
    }
    this.#position += this.#leaving.shift() ?? 0
    this.#keeper.moved(this)
  }

  interrupted (): void { this.cut() }

  /** Tells the owner's node that the client has closed its WebSocket. */
  closed (reason: CloseReason): void {
    if (this.#state === 'over') return
    this.#link.send(SERVICES.toOwner, closedRecord(this.#number, reason))
    this.#over()
  }

  #tell (operation: number): void { this.#link.send(SERVICES.toOwner, plainRecord(operation, this.#number)) }

  #over (): void {
    this.#state = 'over'
    this.#early.clear()
    this.#keeper.forget(this.#link, this.#number)
  }
}
