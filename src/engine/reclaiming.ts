import type { Clock } from '../core/clock.ts'
import { Timer, type TimerOwner } from '../core/timer.ts'
import { RECLAIM_TIME } from './engine.ts'

/** The time after a loss of data in which nodes claim their keys again. It ends after `RECLAIM_TIME`, or when all nodes are back. */
export class Reclaiming implements TimerOwner {
  /** Resolves at the end. */
  readonly over: Promise<void>
  /** True after the end. */
  isOver = false
  readonly #clock: Clock
  readonly #timer = new Timer(this)
  #resolve!: () => void

  constructor (clock: Clock) {
    this.#clock = clock
    this.over = new Promise((resolve) => { this.#resolve = resolve })
    clock.start(this.#timer, RECLAIM_TIME)
  }

  expire (): void { this.end() }

  end (): void {
    this.#clock.stop(this.#timer)
    this.isOver = true
    this.#resolve()
  }
}
