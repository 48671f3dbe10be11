import { stompErrors } from '../../../errors.ts'

/** Where one broker listens. */
export interface ServerAddress {
  readonly tls: boolean
  readonly host: string
  readonly port: number
}

/** `tcp://host:61613`, or `tls://…`; `stomp://` and `stomp+ssl://` mean the same. Credentials do not stand here. */
export function parseServer (text: unknown): ServerAddress {
  const wrong = (problem: string): Error => new stompErrors.InvalidOption('servers', problem)
  if (typeof text !== 'string') throw wrong('must be texts such as tcp://127.0.0.1:61613')
  const match = /^(tcp|stomp|tls|ssl|stomp\+ssl):\/\/(\[[0-9a-f:.]+\]|[^\s:/@[\]]+)(?::(\d{1,5}))?\/?$/i.exec(text)
  if (match === null) throw wrong('must be texts such as tcp://127.0.0.1:61613, without credentials')
  const tls = !/^(tcp|stomp)$/i.test(match[1]!)
  const port = Number(match[3] ?? (tls ? 61614 : 61613))
  if (port < 1 || port > 65535) throw wrong('a port is a number from 1 to 65535')
  return { tls, host: match[2]!.replace(/^\[|\]$/g, ''), port }
}

/** Several brokers that are as good as each other: the one that worked last is tried first. */
export class Servers {
  readonly #addresses: readonly ServerAddress[]
  #first = 0

  constructor (addresses: readonly ServerAddress[]) {
    this.#addresses = addresses
  }

  /** All of them, in the order in which they are to be tried. */
  inOrder (): ServerAddress[] {
    return this.#addresses.map((_address, i) => this.#addresses[(this.#first + i) % this.#addresses.length]!)
  }

  worked (address: ServerAddress): void { this.#first = this.#addresses.indexOf(address) }
}
