import type { Publication } from '../publication.ts'

/** The octets that a place in a queue costs, beside the message. */
const PLACE = 128

/** The octets of all queues together. A publication in many queues counts once, because it is in memory once. */
export class Budget {
  readonly max: number
  readonly #holders = new Map<Publication, number>()
  #used = 0
  #places = 0

  constructor (max: number) {
    this.max = max
  }

  /** The octets that are in use. */
  get used (): number { return this.#used }
  /** The messages in all queues. One in two queues counts twice. */
  get places (): number { return this.#places }

  hasRoomFor (publication: Publication, size: number): boolean {
    return this.#used + PLACE + (this.#holders.has(publication) ? 0 : size) <= this.max
  }

  hold (publication: Publication, size: number): void {
    const holders = this.#holders.get(publication) ?? 0
    this.#holders.set(publication, holders + 1)
    this.#places++
    this.#used += holders === 0 ? PLACE + size : PLACE
  }

  release (publication: Publication, size: number): void {
    const holders = this.#holders.get(publication)! - 1
    this.#places--
    if (holders === 0) this.#holders.delete(publication)
    else this.#holders.set(publication, holders)
    this.#used -= holders === 0 ? PLACE + size : PLACE
  }
}
