import type { Clock } from '../../core/clock.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import { Waiters } from '../../core/waiters.ts'
import { RECLAIM_TIME } from '../engine.ts'

/** The time after which a key that has no owner is looked up again, in milliseconds. */
const PAUSE = 250

/** The time after Redis was away, in which a key without an owner may still get its old owner back. */
export class Settling implements TimerOwner {
  readonly #clock: Clock
  readonly #timer = new Timer(this)
  readonly #waiters = new Waiters()
  #until = 0

  constructor (clock: Clock) {
    this.#clock = clock
  }

  /** True while the other nodes may be claiming their keys again. */
  get active (): boolean { return this.#clock.now() < this.#until }

  begin (): void { this.#until = this.#clock.now() + RECLAIM_TIME }

  /** Waits until it makes sense to look again. */
  async pause (): Promise<void> {
    if (!this.#timer.running) this.#clock.start(this.#timer, PAUSE)
    await this.#waiters.wait()
  }

  /** Releases all that wait. Their next command fails if Redis is away. */
  stop (): void {
    this.#clock.stop(this.#timer)
    this.#waiters.releaseAll()
  }

  expire (): void { this.#waiters.releaseAll() }
}
