import { randomBytes } from 'node:crypto'
import { forgetOldest } from '../../../../core/forget-oldest.ts'

/** The most addresses that one client can answer to. The oldest go first. */
const KEPT = 1000

/** The prefix of the addresses that clients see. An address is known to the connection that was given it, and to no other (SEC-S66). */
export const REPLY_PREFIX = '/reply-queue/'

/** The prefix of the names that a client gives to its own temporary queues. */
export const TEMPORARY_PREFIX = '/temp-queue/'

/**
 * The addresses of temporary queues that one client was given.
 *
 * The broker's own names for these queues hold hosts and counters, so that clients see random addresses.
 */
export class RelayReplyAddresses {
  readonly #real = new Map<string, string>()

  /** Makes the address that a client sees for a name of the broker. */
  hide (real: string): string {
    const address = REPLY_PREFIX + randomBytes(16).toString('base64url')
    this.#real.set(address, real)
    forgetOldest(this.#real, KEPT)
    return address
  }

  /** Finds the name of the broker. Returns `undefined` for an address that this client was never given. */
  reveal (address: string): string | undefined { return this.#real.get(address) }
}
