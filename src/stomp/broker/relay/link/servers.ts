import { stompErrors } from '../../../errors.ts'

/** The address at which a server of the broker listens. */
export interface ServerAddress {
  readonly tls: boolean
  readonly host: string
  readonly port: number
}

/**
 * Parses `tcp://host:61613` or `tls://host:61614`. `stomp://` and `stomp+ssl://` mean the same. The text holds no credentials.
 *
 * @throws FST_STOMP_INVALID_OPTION
 */
export function parseServer (text: unknown): ServerAddress {
  const wrong = (problem: string): Error => new stompErrors.InvalidOption('servers', problem)
  const match = typeof text !== 'string' ? null : /^(tcp|stomp|tls|ssl|stomp\+ssl):\/\/(\[[0-9a-f:.]+\]|[^\s:/@[\]]+)(?::(\d{1,5}))?\/?$/i.exec(text)
  // A text with credentials is wrong too, so that the error does not show it.
  if (match === null) throw wrong('must be texts such as tcp://127.0.0.1:61613, without credentials')
  const tls = !/^(tcp|stomp)$/i.test(match[1]!)
  const port = Number(match[3] ?? (tls ? 61614 : 61613))
  if (port < 1 || port > 65535) throw wrong(`must have a port from 1 to 65535, not ${port}`)
  return { tls, host: match[2]!.replace(/^\[|\]$/g, ''), port }
}

/** The servers of one broker. The server that worked last is tried first. */
export class Servers {
  readonly #addresses: readonly ServerAddress[]
  #first = 0

  constructor (addresses: readonly ServerAddress[]) {
    this.#addresses = addresses
  }

  /** Returns the servers in the order in which they are to be tried. */
  inOrder (): ServerAddress[] {
    return this.#addresses.map((_address, i) => this.#addresses[(this.#first + i) % this.#addresses.length]!)
  }

  worked (address: ServerAddress): void { this.#first = this.#addresses.indexOf(address) }
}
