import type { Receiver } from '../session/index.ts'

/** Receivers that have ended and whose connection is not finished. `left` is called when one of them has finished. */
export class Lingering extends Set<Receiver> {
  readonly #left: () => void

  constructor (left: () => void) {
    super()
    this.#left = left
  }

  override delete (receiver: Receiver): boolean {
    const known = super.delete(receiver)
    if (known) this.#left()
    return known
  }
}
