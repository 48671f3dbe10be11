import type { CloseEvent, Session } from 'fastify-sockjs'

/** The end of one session of the demo server. */
export interface JournalEntry extends CloseEvent {
  readonly endpoint: string
  readonly transport: string
}

const CAPACITY = 1000

/** The ends of the last sessions, the newest last. A conformance test reads them, because it cannot look inside a server. */
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
