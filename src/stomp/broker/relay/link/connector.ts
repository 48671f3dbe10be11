import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import type { Clock } from '../../../../core/clock.ts'
import { Waiters } from '../../../../core/waiters.ts'
import { BrokerError, refusal } from '../../../refusals.ts'
import type { BrokerLog } from '../../broker.ts'
import type { RelaySettings } from '../options.ts'
import type { RelayState } from '../state.ts'
import { BrokerLink } from './broker-link.ts'
import { failuresOf, type ServerFailure, ServersFailure } from './failures.ts'
import type { Credentials, LinkContext, LinkOwner } from './link.ts'
import { type ServerAddress, Servers } from './servers.ts'

/** Makes broker links. It chooses the server, bounds the attempts (RELAY-16), and gives up for a client that has gone (RELAY-18). */
export class Connector {
  readonly #servers: Servers
  readonly #tls: ConnectionOptions
  readonly #context: LinkContext
  /** Callers that wait for a place among the attempts. */
  readonly #waiting = new Waiters()
  /** The free places. */
  #free: number

  constructor ({ servers, tls, link, maxConnecting }: RelaySettings, state: RelayState, clock: Clock, log: BrokerLog) {
    this.#servers = new Servers(servers)
    this.#tls = tls
    this.#context = { settings: link, state, clock, log }
    this.#free = maxConnecting
  }

  /** Returns a link that is CONNECTED, or rejects with a `BrokerError`. Each server has its own timeout. */
  async connect (credentials: Credentials, owner: LinkOwner, signal?: AbortSignal): Promise<BrokerLink> {
    // A waiting caller is given the place itself, so that a caller that comes meanwhile cannot take it first.
    if (this.#free > 0) this.#free--
    else if (!await this.#waiting.wait(signal)) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
    try {
      return await this.#tryAll(credentials, owner, signal)
    } finally {
      if (!this.#waiting.releaseFirst()) this.#free++
    }
  }

  async #tryAll (credentials: Credentials, owner: LinkOwner, signal: AbortSignal | undefined): Promise<BrokerLink> {
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
        // Another server of the same broker would refuse too.
        if (error.code === 'STOMP_ACCESS_REFUSED') break
      }
    }
    throw failures.length > 1 ? new BrokerError(last.code, last.message, last.fatal, new ServersFailure(failures)) : last
  }

  async #connectTo (address: ServerAddress, credentials: Credentials, owner: LinkOwner, signal: AbortSignal | undefined): Promise<BrokerLink> {
    const link = new BrokerLink(this.#socketTo(address), address, owner, this.#context)
    const abandon = (): void => { link.close().catch(() => {}) }
    signal?.addEventListener('abort', abandon, { once: true })
    try {
      await link.connect(credentials)
      // A frame that came right after CONNECTED may have ended it already.
      if (link.failure !== null) throw link.failure
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
    // An IP address is not a server name.
    return tls ? connectTls({ ...(isIP(host) === 0 ? { servername: host } : {}), ...this.#tls, host, port }) : connectTcp({ host, port })
  }
}
