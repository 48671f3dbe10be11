import type { FastifyRequest } from 'fastify'
import type { Clock } from '../../core/clock.ts'

/** The time in which the attempts of a client follow its `/info`, in milliseconds. */
export const PATIENCE = 10_000

/** The most requests of `/info` that are remembered. Beyond it, the oldest are forgotten. */
export const MOST_ASKED = 4_096

/** The most characters of a user agent that are compared. */
const COMPARED = 300

/** The failure of a WebSocket attempt, as the server saw it. */
export type SeenFailure = 'not_upgraded' | 'refused'

/** The requests for `/info` of one address and user agent that no session has followed yet. */
interface Asking {
  /** The times of the requests, the oldest first. */
  readonly times: number[]
  /** The attempts with a WebSocket that have opened no session. There are no more of them than requests. */
  readonly failed: Record<SeenFailure, number>
}

/**
 * The clients that have asked for `/info` and have no session yet, by address and user agent.
 *
 * Clients behind one address with one user agent are not told apart. Each request for `/info` stands for one client, and one session takes it. So
 * sums are right, and never above the number of requests; only a reason may be that of a neighbour.
 */
export class AskingClients {
  readonly #clock: Clock
  /** The clients by the hash of address and user agent. The last one to ask comes last. */
  readonly #asking = new Map<number, Asking>()
  #size = 0

  constructor (clock: Clock) {
    this.#clock = clock
  }

  /** The remembered requests. */
  get size (): number { return this.#size }

  /** Remembers a request for `/info`. */
  asked (client: number): void {
    const asking = this.#find(client) ?? { times: [], failed: { not_upgraded: 0, refused: 0 } }
    asking.times.push(this.#clock.now())
    this.#size++
    this.#asking.delete(client)
    this.#asking.set(client, asking)
    this.#forgetOld()
  }

  /** Remembers an attempt with a WebSocket, which counts as a failure until its session opens. */
  attempted (client: number, failure: SeenFailure): void {
    const asking = this.#find(client)
    if (asking !== undefined && asking.failed.not_upgraded + asking.failed.refused < asking.times.length) asking.failed[failure]++
  }

  /**
   * Takes a client whose session opens.
   *
   * @returns the failed attempt of the client or `null`, and `undefined` if no client has asked within `PATIENCE`.
   */
  take (client: number, by: 'websocket' | 'http'): SeenFailure | null | undefined {
    const asking = this.#find(client)
    if (asking === undefined) return undefined
    const { times, failed } = asking
    // The attempt of a WebSocket that opens has not failed.
    const seen = failed.not_upgraded > 0 && by === 'http' ? 'not_upgraded' : failed.refused > 0 ? 'refused' : null
    if (seen !== null) failed[seen]--
    times.shift()
    this.#size--
    if (times.length === 0) this.#asking.delete(client)
    else limitFailures(asking)
    return seen
  }

  /** Finds a client, without the requests that are too old. */
  #find (client: number): Asking | undefined {
    const asking = this.#asking.get(client)
    if (asking === undefined) return undefined
    const oldest = this.#clock.now() - PATIENCE
    const { times } = asking
    let old = 0
    while (old < times.length && times[old]! <= oldest) old++
    if (old === 0) return asking
    times.splice(0, old)
    this.#size -= old
    limitFailures(asking)
    if (times.length > 0) return asking
    this.#asking.delete(client)
    return undefined
  }

  /** Forgets the clients that will not come any more, and the oldest ones above the bound. */
  #forgetOld (): void {
    const oldest = this.#clock.now() - PATIENCE
    for (const [client, asking] of this.#asking) {
      const { times } = asking
      if (times.at(-1)! <= oldest) {
        this.#asking.delete(client)
        this.#size -= times.length
        continue
      }
      if (this.#size <= MOST_ASKED) return
      times.shift()
      this.#size--
      if (times.length === 0) this.#asking.delete(client)
      else limitFailures(asking)
    }
  }
}

/** Drops the failures of clients that are forgotten. */
function limitFailures ({ times, failed }: Asking): void {
  failed.not_upgraded = Math.min(failed.not_upgraded, times.length)
  failed.refused = Math.min(failed.refused, times.length - failed.not_upgraded)
}

/**
 * Computes the key of a client: a hash of its address and the beginning of its user agent (FNV-1a).
 *
 * A number uses no memory for texts that clients choose, and keeps no address.
 */
export function clientOf ({ ip, headers }: FastifyRequest): number {
  return hash(hash(0x811c9dc5, `${ip} `), headers['user-agent'] ?? '')
}

function hash (start: number, text: string): number {
  let value = start
  for (let i = 0; i < text.length && i < COMPARED; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}
