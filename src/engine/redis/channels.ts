import type { ChannelListener, EngineChannels } from '../engine.ts'
import { engineErrors } from '../errors.ts'
import { type Calls, isReply, unavailable, wordsOf } from './calls.ts'
import type { Connection } from './client.ts'
import type { Lease } from './lease.ts'
import type { Names } from './names.ts'
import { PUBLISH } from './scripts.ts'
import type { Subscriptions } from './subscriptions.ts'

/** The bytes that one publication may have, as NATS has it. It is far below the 8 MB at which Redis drops a slow subscriber. */
export const MAX_PAYLOAD = 1024 * 1024

/** The publications since the last call of `flushed()`. */
interface Round {
  last: Promise<void> | null
  failed: unknown
  flushed: Promise<void> | null
}

const newRound = (): Round => ({ last: null, failed: undefined, flushed: null })

/** The parts of the engine that channels need. */
export interface ChannelsHost {
  /** The reason why the engine is not available, or `null`. */
  readonly away: string | null
  /** Takes note that a publication was lost. */
  lostPublication (error: unknown): void
}

/** The channels of one node: `sj:<namespace>:<channel>`. */
export class RedisChannels implements EngineChannels {
  readonly #host: ChannelsHost
  readonly #calls: Calls
  readonly #names: Names
  readonly #subscriptions: Subscriptions
  readonly #send: (name: string, data: Buffer) => Promise<unknown>
  #round = newRound()

  /** `through` is the lease by whose server a node of a Redis Cluster publishes. */
  constructor (host: ChannelsHost, calls: Calls, names: Names, subscriptions: Subscriptions, through: Lease | null) {
    this.#host = host
    this.#calls = calls
    this.#names = names
    this.#subscriptions = subscriptions
    const connection: Connection = calls.connection
    this.#send = through === null
      ? (name, data) => connection.call('publish', name, data)
      : (name, data) => connection.call('eval', PUBLISH, 1, through.key, name, data)
  }

  publish (channel: string, data: Uint8Array): void {
    if (data.byteLength > MAX_PAYLOAD) throw new engineErrors.TooLarge(data.byteLength, MAX_PAYLOAD)
    if (this.#host.away !== null) return
    if (this.#round.flushed !== null) this.#round = newRound()
    const round = this.#round
    // The sender may use its buffer again, and the client may write later.
    round.last = this.#send(this.#names.channel(channel), Buffer.from(data)).then(() => {}, (error: unknown) => {
      round.failed = error
      this.#host.lostPublication(error)
    })
  }

  flushed (): Promise<void> {
    const { away } = this.#host
    if (away !== null) return Promise.reject(unavailable(away))
    this.#round.flushed ??= this.#settled(this.#round)
    return this.#round.flushed
  }

  subscribe (channel: string, listener: ChannelListener): Promise<() => void> {
    return this.#subscriptions.add(channel, listener)
  }

  /** Begins anew after Redis was away. */
  again (): void { this.#round = newRound() }

  /** Waits for the answer to the last publication. Answers come in order. */
  async #settled (round: Round): Promise<void> {
    const { last } = round
    if (last !== null) await this.#calls.within(() => last)
    if (round.failed === undefined) return
    throw unavailable(isReply(round.failed) ? wordsOf(round.failed) : 'the connection was lost')
  }
}
