import { randomBytes } from 'node:crypto'

/** Addresses that one client has been given to answer to; the newest so many are known. */
const KEPT = 1000

/** What clients may name, and who may: an address is known to the connection that was given it, and to no other (SEC-S66). */
export const REPLY_PREFIX = '/reply-queue/'

/** A client's own queues, by their names. */
export const TEMPORARY_PREFIX = '/temp-queue/'

/** The broker's own names for the temporary queues of others hold hosts and counters: clients see these instead. */
export class ReplyAddresses {
  readonly #real = new Map<string, string>()

  /** The address that a client sees for the broker's. */
  hide (real: string): string {
    const address = REPLY_PREFIX + randomBytes(16).toString('base64url')
    if (this.#real.size >= KEPT) this.#real.delete(this.#real.keys().next().value!)
    this.#real.set(address, real)
    return address
  }

  /** And back; `undefined` for one that this client was never given. */
  reveal (address: string): string | undefined { return this.#real.get(address) }
}
