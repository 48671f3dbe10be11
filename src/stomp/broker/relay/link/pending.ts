import type { ClientCommand, FrameHeaders } from '../../../codec/index.ts'
import type { BrokerError } from '../../../refusals.ts'

/** A frame whose RECEIPT has not come. */
export interface PendingFrame {
  readonly command: ClientCommand
  /** The destination in the broker's form. */
  readonly destination: string | undefined
  /** The time at which it was written, as the link reads. */
  readonly since: number
  readonly resolve: (headers: FrameHeaders) => void
  readonly reject: (error: BrokerError) => void
}

/** The frames that wait for their RECEIPT, by its id, the oldest first. The broker confirms in any order (RELAY-8). */
export class Pending {
  readonly #frames = new Map<string, PendingFrame>()
  #count = 0

  get size (): number { return this.#frames.size }

  get oldest (): PendingFrame | undefined { return this.#frames.values().next().value }

  /** Adds a frame, and returns the id of its RECEIPT. */
  add (frame: PendingFrame): string {
    const id = (++this.#count).toString(36)
    this.#frames.set(id, frame)
    return id
  }

  /** Takes out the frame that a RECEIPT names. A frame that an ERROR has ended may still get its RECEIPT (FACT-5). */
  take (id: string | undefined): PendingFrame | undefined {
    const frame = id === undefined ? undefined : this.#frames.get(id)
    if (frame !== undefined) this.#frames.delete(id!)
    return frame
  }

  /**
   * Takes out the frame that an ERROR is about (RELAY-7). Few brokers name it (FACT-8). Without a name it is the only frame
   * that waits, or the first whose destination the text quotes. Else it is not known.
   */
  culprit (receiptId: string | undefined, text: string): PendingFrame | undefined {
    if (receiptId !== undefined) return this.take(receiptId)
    if (this.#frames.size === 1) return this.take(this.#frames.keys().next().value)
    for (const [id, { destination }] of this.#frames) {
      if (destination !== undefined && names(text, destination.slice(destination.indexOf('/', 1) + 1))) return this.take(id)
    }
    return undefined
  }

  /** Takes out the frame that is named, or the oldest with this command. */
  oldestOf (command: ClientCommand, receiptId: string | undefined): PendingFrame | undefined {
    if (receiptId !== undefined) return this.take(receiptId)
    for (const [id, frame] of this.#frames) if (frame.command === command) return this.take(id)
    return undefined
  }

  /** Rejects all frames, because the link has ended. */
  rejectAll (error: BrokerError): void {
    const frames = [...this.#frames.values()]
    this.#frames.clear()
    for (const { reject } of frames) reject(error)
  }
}

/** Tells whether a text has these words, and not as a part of other words. */
function names (text: string, words: string): boolean {
  const at = words === '' ? -1 : text.indexOf(words)
  return at !== -1 && !/[\w.~-]/.test(`${text[at - 1] ?? ' '}${text[at + words.length] ?? ' '}`)
}
