import type { Clock } from '../../core/clock.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import type { DrainedServer } from './staged-drain.ts'

/** The interval at which a shutdown looks for bodies that are complete, in milliseconds. It is told of all other ends. */
const STEP = 20

/** Waits until no client reads or sends anything, or until its time is over (SESSION-23). */
export class Shutdown implements TimerOwner {
  readonly done: Promise<void>
  readonly #server: DrainedServer
  readonly #clock: Clock
  readonly #timer = new Timer(this)
  readonly #deadline: number
  /** Lets the process end. Until then `app.close()` goes on, even if no connection keeps the process alive. */
  readonly #release: () => void
  #resolve!: () => void

  /** Starts to wait. `patience` is the time that clients have to read their close frames, in milliseconds. */
  constructor (server: DrainedServer, clock: Clock, patience: number) {
    this.#server = server
    this.#clock = clock
    this.#deadline = clock.now() + patience
    this.#release = clock.hold()
    this.done = new Promise((resolve) => { this.#resolve = resolve })
    this.expire()
  }

  /** Looks again later in this turn of the event loop. A session that has just ended may still write its close frame. */
  lookLater (): void { setImmediate(() => this.expire()) }

  expire (): void {
    const left = this.#deadline - this.#clock.now()
    // Clients of sessions of other nodes can still come.
    this.#server.handBack()
    if (this.#server.busy && left > 0) {
      this.#clock.start(this.#timer, Math.min(STEP, left))
    } else {
      this.#clock.stop(this.#timer)
      this.#release()
      this.#resolve()
    }
  }
}
