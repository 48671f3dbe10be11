import type { FastifyRequest } from 'fastify'
import type { Clock } from '../../core/clock.ts'
import type { Counter } from '../../telemetry/counter.ts'
import type { Telemetry } from '../../telemetry/telemetry.ts'
import type { TransportName } from '../protocol/index.ts'
import { AskingClients, clientOf, type SeenFailure } from './asking-clients.ts'
import { type ClaimedFailure, readClaim } from './fallback-claim.ts'

/** The clients of which a share is computed. */
export const SAMPLE = 100

/** The most of these with one address and user agent. So one client that comes again and again causes no warning. */
export const MOST_ALIKE = 10

/** The numbers of a warning. */
export interface FallbackWarning {
  /** The share of the clients without a WebSocket, in percent. */
  readonly share: number
  readonly clients: number
  /** The clients without a WebSocket by reason. */
  readonly reasons: Readonly<Record<string, number>>
}

/** The transports without SockJS, whose clients do not ask for `/info`. */
const OUTSIDE: ReadonlySet<TransportName> = new Set<TransportName>(['websocket-raw', 'tcp'])

/**
 * Counts the clients of an endpoint that open another transport than WebSocket.
 *
 * A client is a request for `/info` with the session that follows it, or a client of this package that says in its query which transports have
 * failed. It costs one look into a map for `/info` and for each opening, and nothing for a message.
 */
export class Fallbacks {
  readonly #telemetry: Telemetry
  readonly #endpoint: string
  readonly #limit: number
  readonly #warn: (facts: FallbackWarning) => void
  readonly #asking: AskingClients
  /** The clients that got a WebSocket. */
  readonly #none: Counter
  /** The sample of the next warning: the clients by address and user agent, and those without a WebSocket by reason. */
  readonly #alike = new Map<number, number>()
  readonly #reasons = new Map<string, number>()
  #clients = 0
  #elsewhere = 0

  /** `limit` is the share above which `warn` is called; 0 is never. */
  constructor (telemetry: Telemetry, endpoint: string, clock: Clock, limit: number, warn: (facts: FallbackWarning) => void) {
    this.#telemetry = telemetry
    this.#endpoint = endpoint
    this.#limit = limit
    this.#warn = warn
    this.#asking = new AskingClients(clock)
    this.#none = this.#counter('none', 'websocket', undefined)
  }

  /** The remembered requests for `/info`. */
  get remembered (): number { return this.#asking.size }

  /** Remembers the client of a request for `/info`. */
  asked (request: FastifyRequest): void { this.#asking.asked(clientOf(request)) }

  /** Remembers a request to the URL of a WebSocket, before it is judged. */
  attempted (request: FastifyRequest, isHandshake: boolean): void { this.#asking.attempted(clientOf(request), isHandshake ? 'refused' : 'not_upgraded') }

  /** Counts the client of a session that opens. */
  opened (transport: TransportName, request: FastifyRequest): void {
    if (OUTSIDE.has(transport)) return
    const client = clientOf(request)
    if (transport === 'websocket') {
      if (this.#asking.take(client, 'websocket') === undefined) return
      this.#none.value++
      this.#add(client, null)
      return
    }
    const claim = readClaim(request.query)
    if (claim !== null && claim.from !== 'websocket') {
      this.#counter(claim.from, transport, claim.reason).value++
      return
    }
    const seen = this.#asking.take(client, 'http')
    if (seen === undefined && claim === null) return
    const reason = seen ?? claim?.reason
    this.#counter('websocket', transport, reason).value++
    // A client whose `/info` another node answered would count only if it falls back, so it is not in the sample.
    if (seen !== undefined) this.#add(client, reason ?? 'unknown')
  }

  #counter (from: TransportName | 'none', to: TransportName, reason: SeenFailure | ClaimedFailure | undefined): Counter {
    return this.#telemetry.counter('sockjs.server.fallbacks', {
      'sockjs.endpoint': this.#endpoint,
      'sockjs.fallback.from': from,
      'sockjs.fallback.to': to,
      ...(reason === undefined ? {} : { 'sockjs.fallback.reason': reason })
    })
  }

  /** Adds a client to the sample. `reason` is `null` if the client got a WebSocket. A full sample is judged, and the next one begins. */
  #add (client: number, reason: string | null): void {
    if (this.#limit === 0) return
    const alike = this.#alike.get(client) ?? 0
    if (alike >= MOST_ALIKE) return
    this.#alike.set(client, alike + 1)
    this.#clients++
    if (reason !== null) {
      this.#elsewhere++
      this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1)
    }
    if (this.#clients < SAMPLE) return
    const share = this.#elsewhere / this.#clients
    if (share > this.#limit) this.#warn({ share: Math.round(100 * share), clients: this.#clients, reasons: Object.fromEntries(this.#reasons) })
    this.#alike.clear()
    this.#reasons.clear()
    this.#clients = this.#elsewhere = 0
  }
}
