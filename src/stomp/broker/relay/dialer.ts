import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import type { Clock } from '../../../clock/index.ts'
import { BrokerError, type BrokerLog } from '../broker.ts'
import { refusal } from '../refusals.ts'
import { failuresOf, type ServerFailure, ServersFailure } from './failures.ts'
import { type Credentials, Leg, type LegMaker, type LegOwner, type LegSettings } from './leg.ts'
import type { ServerAddress, Servers } from './servers.ts'
import { Waiters } from './waiters.ts'

/** Makes legs: which server, how many at a time (RELAY-16), and none for a client that has gone meanwhile (RELAY-18). */
export class Dialer implements LegMaker {
  readonly #servers: Servers
  readonly #tls: ConnectionOptions
  readonly #settings: LegSettings
  readonly #clock: Clock
  readonly #log: BrokerLog
  readonly #legs = new Set<Leg>()
  readonly #waiting = new Waiters()
  #free: number
  #races = 0

  constructor (servers: Servers, tls: ConnectionOptions, settings: LegSettings, maxConnecting: number, clock: Clock, log: BrokerLog) {
    this.#servers = servers
    this.#tls = tls
    this.#settings = settings
    this.#free = maxConnecting
    this.#clock = clock
    this.#log = log
  }

  /** Connections that are open now. */
  get open (): number { return this.#legs.size }

  /** Errors that were races of clients, in all connections. */
  get races (): number { return this.#races }

  /** A leg that is CONNECTED, or a rejection with a `BrokerError`. Each server has its own timeout. */
  async dial (credentials: Credentials, owner: LegOwner, signal?: AbortSignal): Promise<Leg> {
    // A waiting caller is given the place itself, so that a caller that comes meanwhile cannot take it first.
    if (this.#free > 0) this.#free--
    else if (!await this.#waiting.wait(signal)) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
    try {
      return await this.#tryAll(credentials, owner, signal)
    } finally {
      if (!this.#waiting.releaseFirst()) this.#free++
    }
  }

  async #tryAll (credentials: Credentials, owner: LegOwner, signal: AbortSignal | undefined): Promise<Leg> {
    let last = refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
    const failures: ServerFailure[] = []
    for (const address of this.#servers.inOrder()) {
      if (signal?.aborted === true) break
      try {
        const leg = await this.#connect(address, credentials, owner, signal)
        this.#servers.worked(address)
        return leg
      } catch (error) {
        if (!(error instanceof BrokerError)) throw error
        last = error
        failures.push(...failuresOf(error))
        // Another server of the same broker would say the same.
        if (error.code === 'STOMP_ACCESS_REFUSED') break
      }
    }
    throw failures.length > 1 ? new BrokerError(last.code, last.message, last.fatal, new ServersFailure(failures)) : last
  }

  async #connect (address: ServerAddress, credentials: Credentials, owner: LegOwner, signal: AbortSignal | undefined): Promise<Leg> {
    const leg = new Leg(this.#socketTo(address), address, owner, this, this.#clock, this.#log, this.#settings)
    const abandon = (): void => { leg.close().catch(() => {}) }
    signal?.addEventListener('abort', abandon, { once: true })
    try {
      await leg.connect(credentials)
      // What came right behind CONNECTED may have ended it already.
      if (leg.failure !== null) throw leg.failure
      this.#legs.add(leg)
      return leg
    } catch (error) {
      // A CONNECT that cannot be written leaves a socket behind.
      abandon()
      throw error
    } finally {
      signal?.removeEventListener('abort', abandon)
    }
  }

  #socketTo ({ tls, host, port }: ServerAddress): Socket {
    // An address is no server name.
    return tls ? connectTls({ ...(isIP(host) === 0 ? { servername: host } : {}), ...this.#tls, host, port }) : connectTcp({ host, port })
  }

  // --- LegMaker -----------------------------------------------------------------------------------------------

  raced (): void { this.#races++ }

  ended (leg: Leg): void { this.#legs.delete(leg) }
}
