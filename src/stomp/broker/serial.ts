import { randomBytes } from 'node:crypto'

/** Ids that are unique, after a restart too, made of letters, digits, `_` and `-` (STOMP-M2). They are not secret. */
export class Serial {
  readonly #prefix = randomBytes(6).toString('base64url') + '-'
  #count = 0

  next (): string {
    return this.#prefix + (++this.#count).toString(36)
  }
}
