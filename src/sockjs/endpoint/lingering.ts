import type { Receiver } from '../session/index.ts'

/** The receivers that have ended, but whose connection is not finished. It calls `left` when one of them has finished. */
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
