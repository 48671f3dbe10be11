import type { Clock } from '../../core/clock.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import type { DrainedServer } from './staged-drain.ts'

/** How often a shutdown looks for bodies that have come to their end, in milliseconds. Other ends are told to it. */
const STEP = 20

/** Waits until no client takes or sends anything any more, or until the time for that is over (SESSION-23). */
export class Shutdown implements TimerOwner {
  readonly done: Promise<void>
  readonly #server: DrainedServer
  readonly #clock: Clock
  readonly #timer = new Timer(this)
  readonly #deadline: number
  #resolve!: () => void

  /** `patience`: milliseconds that clients have to take their close frames. */
  constructor (server: DrainedServer, clock: Clock, patience: number) {
    this.#server = server
    this.#clock = clock
    this.#deadline = clock.now() + patience
    this.done = new Promise((resolve) => { this.#resolve = resolve })
    this.expire()
  }

  /** Looks again later in this turn: a session that has just ended may still write its close frame. */
  lookLater (): void { setImmediate(() => this.expire()) }

  expire (): void {
    const left = this.#deadline - this.#clock.now()
    if (this.#server.busy && left > 0) {
      this.#clock.start(this.#timer, Math.min(STEP, left))
    } else {
      this.#clock.stop(this.#timer)
      this.#resolve()
    }
  }
}
