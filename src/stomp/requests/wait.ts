import type { Clock } from '../../core/clock.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import type { Outcome } from './outcome.ts'

/** The wait for an outcome, with an end by time and by a signal. Only the first outcome counts. */
export class Wait implements TimerOwner {
  /** Resolves with the first outcome. */
  readonly outcome: Promise<Outcome>
  readonly #clock: Clock
  readonly #signal: AbortSignal | undefined
  readonly #timer = new Timer(this)
  #resolve: ((outcome: Outcome) => void) | null = null
  #ended: () => void = () => {}

  constructor (clock: Clock, timeout: number, signal: AbortSignal | undefined) {
    this.#clock = clock
    this.#signal = signal
    this.outcome = new Promise((resolve) => { this.#resolve = resolve })
    clock.start(this.#timer, timeout)
    signal?.addEventListener('abort', this)
  }

  /** Calls a function when the wait ends. */
  onEnd (ended: () => void): void { this.#ended = ended }

  end (outcome: Outcome): void {
    if (this.#resolve === null) return
    this.#clock.stop(this.#timer)
    this.#signal?.removeEventListener('abort', this)
    this.#resolve(outcome)
    this.#resolve = null
    this.#ended()
  }

  /** The time is over. */
  expire (): void { this.end({ type: 'timeout' }) }

  /** The signal has aborted. */
  handleEvent (): void { this.end({ type: 'aborted' }) }
}
