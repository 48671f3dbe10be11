import type { Socket } from 'node:net'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { ClusterNode } from '../../cluster/node.ts'
import { type Clock, SystemClock } from '../../core/clock.ts'
import { delay } from '../../core/delay.ts'
import { RefusalLog } from '../../core/refusal-log.ts'
import { DRAIN_DEFAULTS, type DrainOptions, type ProcessLimits, type SockjsPluginOptions } from '../options/options.ts'
import { processLimitsOf } from '../options/resolve.ts'
import { type AnySession, Flusher } from '../session/index.ts'
import { Telemetry } from '../../telemetry/telemetry.ts'
import type { IncomingBody } from '../transports/index.ts'
import { Addresses } from './addresses.ts'
import type { Endpoint } from './endpoint.ts'
import { type ForeignLegs, NO_LEGS } from './foreign-legs.ts'
import { KeptTick } from './kept-tick.ts'
import { nodeOf, serveQuestions } from './node.ts'
import { type RefusalKind, REFUSALS } from './refusals.ts'
import { Shutdown } from './shutdown.ts'
import { type DrainedServer, StagedDrain } from './staged-drain.ts'
import { StatsLine } from './stats-line.ts'
import { NO_TOKENS, type TokenDirectory } from './token-directory.ts'

/** The limits that can leave no room for a session. */
export type FullKind = Extract<RefusalKind, 'maxSessions' | 'maxDetachedSessions' | 'maxSessionsPerAddress'>

/** The time for which a node answers the others after its last session has ended, in milliseconds. */
const PARTING = 500

/** The sessions that a shutdown ends in one turn of the event loop. Their close frames leave before the next ones are written. */
const SLICE = 500

/** The state that all endpoints of one registration share: the clock, the flusher, the limits of the process, the drain. */
export class Registration implements DrainedServer {
  readonly options: SockjsPluginOptions
  readonly limits: ProcessLimits
  readonly clock: Clock
  readonly flusher = new Flusher((error) => this.#log.error({ err: error }, 'a write failed'))
  readonly endpoints = new Map<string, Endpoint>()
  readonly refusals: RefusalLog<RefusalKind>
  /** The numbers of all endpoints. */
  readonly telemetry = new Telemetry((error, instrument) => this.#log.error({ err: error, instrument }, 'the values of an instrument could not be read'))
  /** Writes the numbers to the log from time to time. */
  readonly statsLine: StatsLine
  /** The paths of all endpoints, with their constraints. Each may be used once. */
  readonly places = new Set<string>()
  /** True if the server cuts silent connections, as `connectionTimeout` of Fastify makes it do. */
  readonly cutsSilence: boolean
  /** The request bodies that have not completely arrived, by connection. */
  readonly bodies = new Map<Socket, IncomingBody>()
  /** Keeps `process.nextTick` quick as long as the server lives. */
  readonly tick = new KeptTick()
  readonly #log: FastifyBaseLogger
  /** The node of this process among its peers; `null` if the process is alone. */
  readonly node: ClusterNode | null
  /** The responses of this node that carry sessions of other nodes. */
  foreign: ForeignLegs = NO_LEGS
  /** The tokens of this node, as other nodes find them. */
  tokens: TokenDirectory = NO_TOKENS
  readonly #addresses: Addresses
  #sessions = 0
  #attached = 0
  #bufferedBytes = 0
  #closing = false
  #drain: StagedDrain | null = null
  #closed: Promise<void> | null = null
  #shutdown: Shutdown | null = null

  constructor (app: FastifyInstance, options: SockjsPluginOptions) {
    this.options = options
    this.limits = processLimitsOf(options)
    this.cutsSilence = ((app.server as { timeout?: number }).timeout ?? 0) > 0
    this.#log = app.log
    this.clock = options.clock ?? new SystemClock((error) => this.#log.error({ err: error }, 'a timer failed'))
    this.refusals = new RefusalLog(this.clock, REFUSALS)
    this.statsLine = new StatsLine(this.clock, app.log, this.limits.statsInterval, () => this.#sessions > 0)
    this.statsLine.sources.push(this.telemetry)
    this.node = options.engine === undefined ? null : nodeOf(options.engine, options.node, this.clock, app.log)
    this.#addresses = new Addresses(this.limits.maxSessionsPerAddress > 0 ? this.node : null)
    if (this.node !== null) serveQuestions(this.node, this.endpoints)
  }

  /** True from the first moment of `app.close()`. */
  get closing (): boolean { return this.#closing }

  /** True from the first moment of a drain or of `app.close()`. Health checks read it. */
  get draining (): boolean { return this.#closing || this.#drain !== null }

  /** True from the end of the delay of a drain, or from the first moment of `app.close()`. No client can open a session then. */
  get refusing (): boolean { return this.#closing || this.#drain?.refuses === true }

  /** The bytes that wait in all sessions. */
  get bufferedBytes (): number { return this.#bufferedBytes }

  /** Finds the limit that one more session of this address would exceed (SEC-S17), or `null`. A `detachable` session can be without a receiver. */
  fullBy (ip: string, detachable: boolean): FullKind | null {
    const { maxSessions, maxDetachedSessions, maxSessionsPerAddress } = this.limits
    if (this.#sessions >= maxSessions) return 'maxSessions'
    if (detachable && this.#sessions - this.#attached >= maxDetachedSessions) return 'maxDetachedSessions'
    return maxSessionsPerAddress > 0 && this.#addresses.of(ip) >= maxSessionsPerAddress ? 'maxSessionsPerAddress' : null
  }

  /** Tells whether a session may wait for its client without a connection. A server that ends its sessions keeps none. */
  maySuspend ({ output }: AnySession): boolean {
    const others = this.#sessions - this.#attached - (output.receiver === null ? 1 : 0)
    return !this.refusing && others < this.limits.maxDetachedSessions
  }

  added (session: AnySession): void {
    this.#sessions++
    this.statsLine.start()
    if (this.limits.maxSessionsPerAddress > 0) this.#addresses.add(session.ip, 1)
  }

  removed (session: AnySession): void {
    this.#sessions--
    if (this.limits.maxSessionsPerAddress > 0) this.#addresses.add(session.ip, -1)
  }

  attached (delta: 1 | -1): void {
    this.#attached += delta
  }

  /** Keeps the sum of the waiting bytes. Above the limit, the session with the largest queue is closed (SEC-S13). */
  account (delta: number): void {
    this.#bufferedBytes += delta
    if (delta > 0 && this.#bufferedBytes > this.limits.maxBufferedBytes) this.#shed()
  }

  /**
   * Joins the cluster, if there is one.
   *
   * @throws FST_SOCKJS_ENGINE_REFUSED
   */
  async start (): Promise<void> {
    await this.node?.start()
    const listening = Promise.all([...this.endpoints.values()].map(({ cluster }) => cluster.start()))
    // A subscription waits for the engine, and ends with it. A node starts without it.
    if (this.node?.state === 'available') await listening
    else listening.catch(() => {})
  }

  /** Gives the responses that carry sessions of other nodes back, so that their clients go on at another node. */
  handBack (): void { this.foreign.release() }

  /** Closes all sessions in slices. A second call waits for the first. */
  drain (options: DrainOptions): Promise<void> {
    this.#drain ??= new StagedDrain(this, this.clock, { ...DRAIN_DEFAULTS, ...options }, this.limits.drainTimeout)
    return this.#drain.done
  }

  * openSessions (): Iterable<AnySession> {
    for (const { sessions } of this.endpoints.values()) for (const session of sessions) if (session.isOpen) yield session
  }

  /**
   * Gives the legs back, closes every session with 1001 in slices, and waits for the clients (SESSION-23).
   *
   * Clients have `drainTimeout` to read that, also between two responses. Then their connections are dropped. A second call waits for the first.
   */
  shutDown (): Promise<void> {
    this.#closed ??= this.#closeAll()
    return this.#closed
  }

  async #closeAll (): Promise<void> {
    this.#closing = true
    this.statsLine.stop()
    this.handBack()
    const sessions = [...this.endpoints.values()].flatMap((endpoint) => [...endpoint.sessions])
    endAll(sessions.splice(0, SLICE))
    this.#shutdown = new Shutdown(this, this.clock, this.limits.drainTimeout)
    while (sessions.length > 0) {
      await new Promise((resolve) => { setImmediate(resolve) })
      endAll(sessions.splice(0, SLICE))
    }
    await this.#shutdown.done
    for (const endpoint of this.endpoints.values()) endpoint.destroyConnections()
    this.foreign.destroyAll()
    for (const body of this.bodies.values()) body.destroy()
    if (this.node !== null) await this.#leave(this.node)
  }

  /** Leaves the cluster. Clients that were told of the end by other nodes may still be sending (SESSION-12). */
  async #leave (node: ClusterNode): Promise<void> {
    const remembered = [...this.endpoints.values()].some((endpoint) => endpoint.remembersSessions)
    if (remembered && !node.isLost) {
      const release = this.clock.hold()
      await delay(this.clock, PARTING)
      release()
    }
    await node.stop()
  }

  /** Looks again whether the shutdown is complete: a session has ended, or the last bytes for a client have left. */
  lessBusy (): void { this.#shutdown?.lookLater() }

  /** True while bytes are on their way to or from a client. */
  get busy (): boolean {
    for (const body of this.bodies.values()) if (body.pending) return true
    for (const endpoint of this.endpoints.values()) if (endpoint.busy) return true
    return this.foreign.legs > 0
  }

  #shed (): void {
    let largest: AnySession | null = null
    for (const endpoint of this.endpoints.values()) {
      for (const session of endpoint.sessions) {
        if (largest === null || session.waitingBytes > largest.waitingBytes) largest = session
      }
    }
    if (largest === null) return
    const { waitingBytes } = largest
    this.refusals.tell(this.#log, 'budget', '', '', { session: largest.id, waitingBytes, bufferedBytes: this.#bufferedBytes, limit: this.limits.maxBufferedBytes })
    largest.end('budget')
  }
}

function endAll (sessions: readonly AnySession[]): void { for (const session of sessions) session.end('shutdown') }
