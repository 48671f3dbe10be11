import type { AnySession } from './session-host.ts'

/**
 * Collects the sessions that have something to write, so that each writes once in a turn of the event loop.
 *
 * They write when the code that is running now, with its microtasks, has finished.
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
        // If a connection cannot be written to, only its session ends, because other sessions of this turn are waiting (SEC-S10).
        this.#report(error)
        session.terminate()
      }
    }
  }

  /** Makes a flusher. `report` gets errors of a write, which a receiver should never throw. */
  constructor (report: (error: unknown) => void) {
    this.#report = report
  }

  add (session: AnySession): void {
    if (this.#waiting.push(session) === 1) process.nextTick(this.#flush)
  }
}
