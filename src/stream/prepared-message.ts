/**
 * A message that is encoded once for all the sessions that it goes to.
 *
 * `endpoint.prepare()` makes one, and `broadcast()` makes one by itself.
 */
export class PreparedMessage {
  /** The message: a string, or bytes for raw WebSockets with `binary` on. */
  readonly data: string | Uint8Array
  /** @internal The encoded forms. The product that writes the message makes them once, and alone reads them. */
  forms: unknown = undefined

  constructor (data: string | Uint8Array) {
    this.data = data
  }
}
