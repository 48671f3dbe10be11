/**
 * A message that is encoded once for all its sessions.
 *
 * `endpoint.prepare()` makes one, and so does `broadcast()`.
 */
export class PreparedMessage {
  /** The message: a string, or bytes for raw WebSockets with `binary` on. */
  readonly data: string | Uint8Array
  /** @internal The encoded forms. Only the product that writes the message makes and reads them, and it makes each once. */
  forms: unknown = undefined

  constructor (data: string | Uint8Array) {
    this.data = data
  }
}
