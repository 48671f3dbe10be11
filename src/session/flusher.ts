import type { AnySession } from './home.ts'

/**
 * One write per session per turn of the event loop: sessions that have something to write wait here until the
 * code that is running now, its microtasks included, is through.
 */
export class Flusher {
  #waiting: AnySession[] = []
  readonly #flush = () => {
    const sessions = this.#waiting
    this.#waiting = []
    for (const session of sessions) session.flush()
  }

  add (session: AnySession): void {
    if (this.#waiting.push(session) === 1) process.nextTick(this.#flush)
  }
}
