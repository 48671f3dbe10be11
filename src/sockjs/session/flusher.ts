import type { AnySession } from './session-host.ts'

/**
 * One write per session per turn of the event loop: sessions that have something to write wait here until the
 * code that is running now, its microtasks included, is through.
 */
export class Flusher {
  readonly #report: (error: unknown) => void
  #waiting: AnySession[] = []
  readonly #flush = () => {
    const sessions = this.#waiting
    this.#waiting = []
    for (const session of sessions) {
      try {
        session.output.flush()
      } catch (error) {
        // A connection that cannot be written to ends alone: the others of this turn are waiting (SEC-S10).
        this.#report(error)
        session.terminate()
      }
    }
  }

  /** `report` gets what should never be thrown. */
  constructor (report: (error: unknown) => void) {
    this.#report = report
  }

  add (session: AnySession): void {
    if (this.#waiting.push(session) === 1) process.nextTick(this.#flush)
  }
}
