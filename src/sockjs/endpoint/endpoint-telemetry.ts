import type { CloseEvent } from '../../stream/message-stream.ts'
import { sessionRefuse } from '../../telemetry/channels.ts'
import type { Counter } from '../../telemetry/counter.ts'
import type { Histogram } from '../../telemetry/histogram.ts'
import type { AttributesOf } from '../../telemetry/instruments.ts'
import type { Telemetry } from '../../telemetry/telemetry.ts'
import { TransportCounters } from '../../telemetry/transport-counters.ts'
import { CLOSE, type TransportName } from '../protocol/index.ts'
import { type AnySession, type Ending, SESSION_STATUSES, type SessionStatus, type SuspensionOutcome } from '../session/index.ts'

/**
 * The reason for which a request got no session, as the metrics have it.
 *
 * `overload`: too many requests wait for other nodes. `lookups_per_address`: too many requests of its address wait for the engine. `unreachable`: the node of the session, or the engine, gives no answer. `user`: the `session` option or
 * the key of the user has thrown.
 */
export type RefusalReason = 'max_sessions' | 'max_detached' | 'per_address' | 'draining' | 'origin' | 'host' | 'user' | 'overload' | 'lookups_per_address' | 'unreachable'

const REFUSAL_REASONS: readonly RefusalReason[] = ['max_sessions', 'max_detached', 'per_address', 'draining', 'origin', 'host', 'user', 'overload', 'lookups_per_address', 'unreachable']

/** A number for each direction, from the view of the server. */
export interface Directions {
  /** The number from clients. */
  readonly received: number
  /** The number to clients. */
  readonly sent: number
}

/** The codes of a client that the metrics show: those of RFC 6455 and of the registry. Others are the client's own. */
const SHOWN_CODES: ReadonlySet<number> = new Set([...Array.from({ length: 16 }, (_, at) => 1000 + at), ...Object.values(CLOSE).map(({ code }) => code)])

type TransportAttributes = AttributesOf<'sockjs.server.active_sessions'>
type MessageAttributes = AttributesOf<'sockjs.server.messages'>

/** The numbers of one endpoint. */
export class EndpointTelemetry {
  readonly #telemetry: Telemetry
  readonly #endpoint: string
  readonly #transports = new Map<TransportName, TransportCounters>()
  readonly #lives = new Map<string, { readonly status: SessionStatus, readonly histogram: Histogram }>()
  readonly #refused: Readonly<Record<RefusalReason, Counter>>
  readonly #undelivered: Counter

  /** `endpoint` is the name of the endpoint, and `sessions` its open sessions. */
  constructor (telemetry: Telemetry, endpoint: string, sessions: ReadonlySet<AnySession>) {
    const attributes = { 'sockjs.endpoint': endpoint }
    this.#telemetry = telemetry
    this.#endpoint = endpoint
    this.#refused = Object.fromEntries(REFUSAL_REASONS.map((reason) =>
      [reason, telemetry.counter('sockjs.server.sessions.refused', { ...attributes, 'sockjs.refusal.reason': reason })])) as Record<RefusalReason, Counter>
    this.#undelivered = telemetry.counter('sockjs.server.undelivered', attributes)
    telemetry.observe('sockjs.server.active_sessions', () => this.#byTransport(({ active }) => active))
    telemetry.observe('sockjs.server.sessions.opened', () => this.#byTransport(({ opened }) => opened))
    telemetry.observe('sockjs.server.messages', () => this.#byDirection(({ messagesIn, messagesOut }) => [messagesIn, messagesOut]))
    telemetry.observe('sockjs.server.io', () => this.#byDirection(({ bytesIn, bytesOut }) => [bytesIn, bytesOut]))
    telemetry.observe('sockjs.server.detached_sessions', () => [{ attributes, value: count(sessions, ({ output }) => output.receiver === null ? 1 : 0) }])
    telemetry.observe('sockjs.server.suspended_sessions', () => [{ attributes, value: count(sessions, ({ suspended }) => suspended ? 1 : 0) }])
    telemetry.observe('sockjs.server.buffered', () => [{ attributes, value: count(sessions, ({ bufferedBytes }) => bufferedBytes) }])
  }

  /** The counters of one transport. */
  counters (transport: TransportName): TransportCounters {
    let counters = this.#transports.get(transport)
    if (counters === undefined) {
      // The first answer makes the point, because most transports have no ping. The others find it here, and not by its attributes.
      let pings: Histogram | undefined
      counters = new TransportCounters((seconds) => {
        pings ??= this.#telemetry.histogram('sockjs.server.ping.duration', { 'sockjs.transport': transport })
        pings.record(seconds)
      })
      this.#transports.set(transport, counters)
    }
    return counters
  }

  /** Counts the end of a session that has lived for so many seconds. */
  ended (transport: TransportName, { code, undelivered }: CloseEvent, { status, foreignCode }: Ending, seconds: number): void {
    const shown = foreignCode === true && !SHOWN_CODES.has(code) ? 'other' : code
    const key = `${transport} ${status} ${shown}`
    let life = this.#lives.get(key)
    if (life === undefined) {
      const histogram = this.#telemetry.histogram('sockjs.server.session.duration', {
        'sockjs.endpoint': this.#endpoint, 'sockjs.transport': transport, 'sockjs.close.code': shown, 'sockjs.session.status': status
      })
      this.#lives.set(key, life = { status, histogram })
    }
    life.histogram.record(seconds)
    this.#undelivered.value += undelivered
  }

  /** Counts a request of a client that wanted to resume its session. */
  resumption (outcome: 'resumed' | 'refused'): void {
    this.#telemetry.counter('sockjs.server.resumptions', { 'sockjs.endpoint': this.#endpoint, 'sockjs.resumption.outcome': outcome }).value++
  }

  /** Counts a session that is not suspended any more. */
  suspensionOver (outcome: SuspensionOutcome): void {
    this.#telemetry.counter('sockjs.server.suspensions', { 'sockjs.endpoint': this.#endpoint, 'sockjs.suspension.outcome': outcome }).value++
  }

  /** Counts a request that got no session, and tells the channel. */
  refused (reason: RefusalReason): void {
    this.#refused[reason].value++
    if (sessionRefuse.hasSubscribers) sessionRefuse.publish({ endpoint: this.#endpoint, reason })
  }

  /** The sessions that were closed, by the cause of their end. */
  get closed (): Record<SessionStatus, number> {
    const closed = Object.fromEntries(SESSION_STATUSES.map((status) => [status, 0])) as Record<SessionStatus, number>
    for (const { status, histogram } of this.#lives.values()) closed[status] += histogram.count
    return closed
  }

  /** The requests that got no session, by reason. */
  get refusals (): Record<RefusalReason, number> {
    return Object.fromEntries(REFUSAL_REASONS.map((reason) => [reason, this.#refused[reason].value])) as Record<RefusalReason, number>
  }

  get messages (): Directions { return this.#sum('messagesIn', 'messagesOut') }
  get bytes (): Directions { return this.#sum('bytesIn', 'bytesOut') }

  #sum (received: 'messagesIn' | 'bytesIn', sent: 'messagesOut' | 'bytesOut'): Directions {
    const all = [...this.#transports.values()]
    return { received: count(all, (each) => each[received]), sent: count(all, (each) => each[sent]) }
  }

  #byTransport (read: (counters: TransportCounters) => number): { attributes: TransportAttributes, value: number }[] {
    return [...this.#transports].map(([transport, counters]) =>
      ({ attributes: { 'sockjs.endpoint': this.#endpoint, 'sockjs.transport': transport }, value: read(counters) }))
  }

  #byDirection (read: (counters: TransportCounters) => [received: number, sent: number]): { attributes: MessageAttributes, value: number }[] {
    return [...this.#transports].flatMap(([transport, counters]) => {
      const attributes: MessageAttributes = { 'sockjs.endpoint': this.#endpoint, 'sockjs.transport': transport }
      const [received, sent] = read(counters)
      return [
        { attributes: { ...attributes, 'network.io.direction': 'receive' }, value: received },
        { attributes: { ...attributes, 'network.io.direction': 'transmit' }, value: sent }
      ]
    })
  }
}

function count<T> (all: Iterable<T>, read: (one: T) => number): number {
  let sum = 0
  for (const one of all) sum += read(one)
  return sum
}
