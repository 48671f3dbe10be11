import type { Receiver } from '../session/index.ts'

/** Receivers that have ended and whose connection is not finished. A shutdown waits for them. */
export class Lingering {
  readonly #receivers = new Set<Receiver>()
  readonly #finished: () => void

  /** `finished` is called when the connection of a receiver has finished. */
  constructor (finished: () => void) {
    this.#finished = finished
  }

  get size (): number { return this.#receivers.size }

  add (receiver: Receiver): void { this.#receivers.add(receiver) }

  /** The connection of a receiver has finished, lingering or not. */
  finished (receiver: Receiver): void {
    if (this.#receivers.delete(receiver)) this.#finished()
  }

  /** Drops the connections of all of them. */
  destroyAll (): void {
    for (const receiver of [...this.#receivers]) receiver.destroy()
  }
}
