import { addListener, emit, type Listeners } from '../../core/listeners.ts'

/**
 * The state of the bridge.
 *
 * - `starting`: it has not reached Kafka yet;
 * - `available`: records come in, and messages go out;
 * - `unavailable`: Kafka does not answer, or the consumer is not in its group;
 * - `stopped`: the application has closed.
 */
export type KafkaState = 'starting' | 'available' | 'unavailable' | 'stopped'

/** The two directions of the bridge. */
export type Direction = 'in' | 'out'

/** The health of the bridge, for a readiness check. */
export class Health {
  readonly #works = new Map<Direction, boolean | null>()
  readonly #failed: (error: unknown) => void
  #listeners: Listeners<KafkaState> = null
  #told: KafkaState = 'starting'

  constructor (failed: (error: unknown) => void) {
    this.#failed = failed
  }

  get state (): KafkaState { return this.#told }

  onState (listener: (state: KafkaState) => void): void { this.#listeners = addListener(this.#listeners, listener) }

  /** Tells that a direction is used, so that the bridge is available only with it. */
  needs (direction: Direction): void { this.#works.set(direction, null) }

  works (direction: Direction, does: boolean): void {
    if (this.#told === 'stopped' || this.#works.get(direction) === does) return
    this.#works.set(direction, does)
    const all = [...this.#works.values()]
    this.#tell(all.includes(false) ? 'unavailable' : all.includes(null) ? 'starting' : 'available')
  }

  stopped (): void { this.#tell('stopped') }

  #tell (state: KafkaState): void {
    if (state === this.#told) return
    this.#told = state
    emit(this.#listeners, state, this.#failed)
  }
}
