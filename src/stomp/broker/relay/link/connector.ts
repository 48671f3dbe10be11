import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import type { Clock } from '../../../../core/clock.ts'
import { Waiters } from '../../../../core/waiters.ts'
import { BrokerError, refusal } from '../../../refusals.ts'
import type { BrokerLog } from '../../broker.ts'
import { BrokerLink, type BrokerLinkMaker, type BrokerLinkOwner, type BrokerLinkSettings, type Credentials } from './broker-link.ts'
import { failuresOf, type ServerFailure, ServersFailure } from './failures.ts'
import type { ServerAddress, Servers } from './servers.ts'

/** Makes links: which server, how many at a time (RELAY-16), and none for a client that has gone meanwhile (RELAY-18). */
export class Connector implements BrokerLinkMaker {
  readonly #servers: Servers
  readonly #tls: ConnectionOptions
  readonly #settings: BrokerLinkSettings
  readonly #clock: Clock
  readonly #log: BrokerLog
  readonly #links = new Set<BrokerLink>()
  readonly #waiting = new Waiters()
  #free: number
  #races = 0

  constructor (servers: Servers, tls: ConnectionOptions, settings: BrokerLinkSettings, maxConnecting: number, clock: Clock, log: BrokerLog) {
    this.#servers = servers
    this.#tls = tls
    this.#settings = settings
    this.#free = maxConnecting
    this.#clock = clock
    this.#log = log
  }

  /** Connections that are open now. */
  get open (): number { return this.#links.size }

  /** Errors that were races of clients, in all connections. */
  get races (): number { return this.#races }

  /** A link that is CONNECTED, or a rejection with a `BrokerError`. Each server has its own timeout. */
  async connect (credentials: Credentials, owner: BrokerLinkOwner, signal?: AbortSignal): Promise<BrokerLink> {
    // A waiting caller is given the place itself, so that a caller that comes meanwhile cannot take it first.
    if (this.#free > 0) this.#free--
    else if (!await this.#waiting.wait(signal)) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
    try {
      return await this.#tryAll(credentials, owner, signal)
    } finally {
      if (!this.#waiting.releaseFirst()) this.#free++
    }
  }

  async #tryAll (credentials: Credentials, owner: BrokerLinkOwner, signal: AbortSignal | undefined): Promise<BrokerLink> {
    let last = refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
    const failures: ServerFailure[] = []
    for (const address of this.#servers.inOrder()) {
      if (signal?.aborted === true) break
      try {
        const link = await this.#connectTo(address, credentials, owner, signal)
        this.#servers.worked(address)
        return link
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

  async #connectTo (address: ServerAddress, credentials: Credentials, owner: BrokerLinkOwner, signal: AbortSignal | undefined): Promise<BrokerLink> {
    const link = new BrokerLink(this.#socketTo(address), address, owner, this, this.#clock, this.#log, this.#settings)
    const abandon = (): void => { link.close().catch(() => {}) }
    signal?.addEventListener('abort', abandon, { once: true })
    try {
      await link.connect(credentials)
      // What came right behind CONNECTED may have ended it already.
      if (link.failure !== null) throw link.failure
      this.#links.add(link)
      return link
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

  // --- BrokerLinkMaker -----------------------------------------------------------------------------------------------

  raced (): void { this.#races++ }

  ended (link: BrokerLink): void { this.#links.delete(link) }
}
