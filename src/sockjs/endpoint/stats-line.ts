import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../../core/clock.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import { summaryOf } from '../../telemetry/summary.ts'
import type { Telemetry } from '../../telemetry/telemetry.ts'

/**
 * Writes one line of numbers to the log in each interval in which there was a session.
 *
 * The first session starts the interval, so that a server without sessions has neither a line nor a timer.
 */
export class StatsLine implements TimerOwner {
  /** The numbers of all products of this registration. */
  readonly sources: Telemetry[] = []
  readonly #clock: Clock
  readonly #log: FastifyBaseLogger
  readonly #interval: number
  readonly #timer = new Timer(this)
  readonly #hasSessions: () => boolean
  #stopped = false

  /** `interval` is in milliseconds; 0 turns the line off. `hasSessions` tells whether there is a session now. */
  constructor (clock: Clock, log: FastifyBaseLogger, interval: number, hasSessions: () => boolean) {
    this.#clock = clock
    this.#log = log
    this.#interval = interval
    this.#hasSessions = hasSessions
  }

  /** Starts the interval, because there is a session. An interval that runs goes on. */
  start (): void {
    if (this.#interval > 0 && !this.#stopped && !this.#timer.running) this.#clock.start(this.#timer, this.#interval)
  }

  expire (): void {
    this.#log.info(summaryOf(this.sources.flatMap((telemetry) => telemetry.metrics())), 'statistics of the sessions')
    if (this.#hasSessions()) this.start()
  }

  stop (): void {
    this.#stopped = true
    this.#clock.stop(this.#timer)
  }
}
