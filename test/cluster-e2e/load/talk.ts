import type { Frames } from './lines.ts'

/** The outcome of one session: it was told of its end, it is complete, or it waits. */
export type Outcome = 'complete' | 'told' | 'hanging'

/** The figures of one session, in milliseconds since the epoch where they are times. */
export interface Record {
  readonly outcome: Outcome
  /** The close code that the client saw. 0 if it saw none. */
  readonly code: number
  readonly reason: string
  /** The address of the node that had the request which ended the session. It is empty if the client does not know. */
  readonly endedBy: string
  /** The address of the node that served the first receiver. */
  readonly owner: string
  /** The addresses of the nodes that had the last two receivers. The node of the last one but one may still owe a word about it. */
  readonly receivers: readonly string[]
  readonly sent: number
  readonly received: number
  readonly duplicates: number
  readonly gaps: number
  /** The requests without an answer, which the client has made again. */
  readonly unanswered: number
  /** The time for which the client has waited for their answers. */
  readonly waited: number
  /** The time of the end, or of the last message. */
  readonly at: number
  /** The longest time from a message to its echo. */
  readonly longest: number
}

/** A conversation with an echo: numbered messages, whose answers must come in order, each once. */
export class Talk implements Frames {
  /** The times of the messages that have no echo yet, the oldest first. */
  readonly #waiting: number[] = []
  readonly #send: (text: string) => void
  readonly #changed: () => void
  opened = false
  sent = 0
  #received = 0
  #duplicates = 0
  #gaps = 0
  #unanswered = 0
  #waited = 0
  #longest = 0
  #at = 0
  #code = 0
  #reason = ''
  endedBy = ''
  #owner = ''
  #receivers: readonly string[] = []

  /** @param changed is called after every frame */
  constructor (send: (text: string) => void, changed: () => void) {
    this.#send = send
    this.#changed = changed
  }

  /** True when every message has its echo. */
  get complete (): boolean { return this.opened && this.#waiting.length === 0 }
  get told (): boolean { return this.#code !== 0 }

  /** Sends the next message. */
  say (): void {
    this.#waiting.push(Date.now())
    this.#send(`message ${this.sent++}`)
  }

  open (): void {
    this.opened = true
    this.#at = Date.now()
    this.#changed()
  }

  message (text: string): void {
    const number = Number(text.slice('message '.length))
    if (number < this.#received) this.#duplicates++
    else {
      this.#gaps += number - this.#received
      this.#received = number + 1
      const [since = 0] = this.#waiting.splice(0, this.#waiting.length - (this.sent - this.#received))
      this.#at = Date.now()
      this.#longest = Math.max(this.#longest, this.#at - since)
    }
    this.#changed()
  }

  tell (code: number, reason: string, endedBy: string): void {
    if (this.told) return
    this.#code = code
    this.#reason = reason
    this.#at = Date.now()
    this.endedBy = endedBy
    this.#changed()
  }

  unanswered (waited: number): void {
    this.#unanswered++
    this.#waited += waited
  }

  servedBy (address: string): void {
    if (this.#owner === '') this.#owner = address
    this.#receivers = [...this.#receivers.slice(-1), address]
  }

  get record (): Record {
    return {
      outcome: this.told ? 'told' : this.complete ? 'complete' : 'hanging',
      code: this.#code,
      reason: this.#reason,
      endedBy: this.endedBy,
      owner: this.#owner,
      receivers: this.#receivers,
      sent: this.sent,
      received: this.#received,
      duplicates: this.#duplicates,
      gaps: this.#gaps,
      unanswered: this.#unanswered,
      waited: this.#waited,
      at: this.#at,
      longest: this.#longest
    }
  }
}
