import type { CloseEvent, Session } from '../index.ts'

/** How one session of the demo server ended. */
export interface JournalEntry extends CloseEvent {
  readonly endpoint: string
  readonly transport: string
}

const CAPACITY = 1000

/** The last ends of sessions, newest last: what a conformance test can ask about the inside of a server. */
export class Journal {
  #entries: JournalEntry[] = []

  get entries (): readonly JournalEntry[] { return this.#entries }

  watch (endpoint: string, session: Session): void {
    session.on('close', ({ code, reason, clean, undelivered }) => {
      this.#entries.push({ endpoint, transport: session.transport, code, reason, clean, undelivered })
      if (this.#entries.length > CAPACITY) this.#entries = this.#entries.slice(-CAPACITY)
    })
  }
}
