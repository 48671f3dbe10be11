import { delay } from '../../core/delay.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import { type EngineContext, type EngineState, RECLAIM_TIME } from '../engine.ts'
import { engineErrors } from '../errors.ts'
import { type NatsConnection, type NatsStatus, type NatsViolation, violationOf } from './connection.ts'
import { openConnection } from './opening.ts'
import { problemOf } from './rights.ts'
import { RoundTrips } from './round-trips.ts'
import type { Subjects } from './subjects.ts'

/** A part of the engine that has subscriptions. */
export interface Subscriber {
  /** Makes all its subscriptions on a connection that is new. */
  subscribeAll (connection: NatsConnection): void
}

/** The part of the engine that has claims. */
export interface Claimant extends Subscriber {
  /** Claims all its keys again, after the connection was lost and is back. */
  claimAgain (): void
  /** Called when the server has the claims. */
  restored (): void
  /** Gives up all that waits for an answer. */
  lost (reason: string): void
}

/** The part of the engine that uses JetStream. */
export interface Keeper {
  /** The subjects of JetStream that the engine publishes to. */
  readonly rights: readonly string[]
  /**
   * Makes all that the server must have, before the engine is available. `isHere` tells whether the connection is still there.
   *
   * @throws FST_SOCKJS_ENGINE_REFUSED if no further try can help
   */
  prepare (isHere: () => boolean): Promise<void>
  /** Called when the engine is available. */
  restored (): void
  /** Gives up all that waits for an answer. */
  lost (reason: string): void
}

/** The parts of the engine that use a link. */
export interface LinkParts {
  readonly subscribers: readonly Subscriber[]
  readonly claims: Claimant
  readonly keeper: Keeper
}

/** The time in which all servers of a cluster learn of a subscription, in milliseconds. It was 5.5 ms at most in 2,000 subscriptions. */
const SPREAD = 25
/** The time in which servers that have started find each other, in milliseconds: they try once a second. */
const ROUTES = 1_500
/** The time between two tries to open a connection, in milliseconds. */
const RETRY = 1_000
/** The time that a stop gives the server to take the last messages, in milliseconds. */
const LAST_WORDS = 1_000

/** Keeps one connection to NATS open for as long as the node runs. */
export class NatsLink implements TimerOwner {
  readonly subjects: Subjects
  readonly #connect: () => Promise<NatsConnection>
  readonly #trips = new RoundTrips()
  readonly #retry = new Timer(this)
  readonly #lastWords = new Timer(this)
  #context: EngineContext | null = null
  #parts: LinkParts | null = null
  #connection: NatsConnection | null = null
  #state: EngineState = 'starting'
  #violations: NatsViolation[] = []
  /** The server of the last time that the engine was available. */
  #server = ''
  #wasAvailable = false
  /** The number of servers of the cluster, when the engine was available for the last time. */
  #lastServers = 0
  #failures = 0
  /** Goes up with every loss, so that a restoration notices that it is late. */
  #losses = 0
  #sureAt = 0
  #giveUp = (): void => {}
  /** Calls that wait until the engine is available. */
  readonly #waiting = new Set<() => void>()

  constructor (subjects: Subjects, connect: () => Promise<NatsConnection>) {
    this.subjects = subjects
    this.#connect = connect
  }

  /** The node of this link. */
  get context (): EngineContext {
    if (this.#context === null) throw new engineErrors.Unavailable('nats', 'the node has not started')
    return this.#context
  }

  /** The connection, also while it is lost or not restored yet. */
  get connection (): NatsConnection | null { return this.#connection }

  get available (): boolean { return this.#state === 'available' }

  get isStopped (): boolean { return this.#state === 'stopped' }

  /** True if NATS is a cluster of several servers, which learn of a new subscription one after the other. */
  get hasManyServers (): boolean { return this.#connection?.info?.cluster !== undefined || this.#servers > 1 }

  get #servers (): number { return this.#connection?.info?.connect_urls?.length ?? 0 }

  /** True if every node has had the time to claim its keys again. */
  get isSettled (): boolean { return this.context.clock.now() >= this.#sureAt }

  /** Returns the connection. Throws while the engine is not available. */
  open (): NatsConnection {
    if (this.#connection === null || this.#connection.isClosed() || !this.available) throw new engineErrors.Unavailable('nats', `the connection is ${this.#state}`)
    return this.#connection
  }

  /** Publishes to a subject. Without a connection the message is lost. */
  send (subject: string, data: Uint8Array, reply = '', headers?: object): void {
    if (this.#connection === null || this.#connection.isClosed()) return
    this.#connection.publish(subject, data, headers === undefined ? { reply } : { reply, headers })
  }

  /** Resolves when the engine is available, or has stopped. */
  async ready (): Promise<void> {
    if (this.available || this.isStopped) return
    await new Promise<void>((resolve) => { this.#waiting.add(resolve) })
  }

  /** Resolves when the server has all that was sent. Rejects if the connection is lost before that is sure. */
  async flushed (): Promise<void> { await this.#trips.make(this.open()) }

  /** Waits until the other servers of a cluster know the subscriptions that this server has. It has no sign of them, but a time. */
  async spread (): Promise<void> {
    if (this.hasManyServers) await delay(this.context.clock, SPREAD)
  }

  async start (context: EngineContext, parts: LinkParts): Promise<void> {
    if (this.#context !== null) throw new engineErrors.Refused('nats', 'it is in use already; make one engine for each node')
    this.#context = context
    this.#parts = parts
    try {
      await this.#begin()
    } catch (error) {
      if (error instanceof engineErrors.Refused) throw error
      this.#failed(error as Error)
    }
  }

  /** Closes the connection when all parts have sent their last messages. */
  async stop (last: Promise<void>): Promise<void> {
    if (this.#context === null || this.#state === 'stopped') return
    const { clock } = this.#context
    const connection = this.#connection
    clock.stop(this.#retry)
    if (connection !== null) {
      const patience = new Promise<void>((resolve) => { this.#giveUp = resolve })
      clock.start(this.#lastWords, LAST_WORDS)
      // A server that does not answer cannot keep the node from stopping.
      if (this.available) await Promise.race([last.then(() => this.flushed()).catch(() => {}), patience])
      this.#connection = null
      await Promise.race([connection.close().catch(() => {}), patience])
      clock.stop(this.#lastWords)
    }
    this.#lose('the node was stopped', 'stopped')
  }

  /** @internal */
  expire (timer: Timer): void {
    if (timer === this.#lastWords) this.#giveUp()
    else this.#begin().catch((error: Error) => this.#failed(error))
  }

  async #begin (): Promise<void> {
    const connection = await openConnection(this.#connect)
    try {
      this.#violations = []
      this.#follow(connection)
      const problem = await Promise.race([
        problemOf(connection, this.subjects, this.context.node, this.#violations, this.#parts?.keeper.rights ?? []),
        connection.closed().then(() => { throw new engineErrors.Unavailable('nats', 'the connection was closed') })
      ])
      if (problem !== null) throw new engineErrors.Refused('nats', problem)
    } catch (error) {
      await connection.close().catch(() => {})
      throw error
    }
    if (this.#state === 'stopped') return await connection.close()
    this.#connection = connection
    for (const part of this.#parts?.subscribers ?? []) part.subscribeAll(connection)
    try {
      await this.#restore(connection)
    } catch (error) {
      this.#connection = null
      await connection.close().catch(() => {})
      throw error
    }
  }

  /** Follows the events of a connection until it is closed for good. */
  #follow (connection: NatsConnection): void {
    const follow = async (): Promise<void> => {
      for await (const status of connection.status()) this.#heard(connection, status)
    }
    follow().catch((err: Error) => this.context.log.error({ err }, 'the engine cannot follow the events of its connection to NATS'))
    connection.closed().then((error) => this.#closed(connection, error ?? new Error('the connection was closed')))
  }

  #closed (connection: NatsConnection, error: Error): void {
    if (this.#connection !== connection) return
    this.#connection = null
    this.#lose('the connection was closed')
    this.#failed(error)
  }

  #heard (connection: NatsConnection, status: NatsStatus): void {
    const violation = violationOf(status)
    if (violation !== null && !this.#violations.some(({ operation }) => operation === violation.operation)) {
      this.#violations.push(violation)
      // The rights were there at the start, and an administrator has taken one away.
      if (this.#connection === connection) this.context.log.error({ violation }, 'NATS refuses a right that the engine needs')
    }
    if (this.#connection !== connection) return
    if (status.type === 'disconnect') this.#lose('the connection was lost')
    // The engine begins again with another connection, and finds the same reason.
    if (status.type === 'reconnect') this.#restore(connection).catch(() => connection.close().catch(() => {}))
  }

  /** Makes the engine available on a connection that is there, or there again. */
  async #restore (connection: NatsConnection): Promise<void> {
    const { clock, log } = this.context
    const losses = this.#losses
    const server = connection.info?.server_id ?? ''
    const isAgain = this.#wasAvailable
    // A server with another id may know nothing of claims. The same one still has those of all nodes that it has not lost.
    if ((isAgain || this.#failures > 0) && server !== this.#server) this.#sureAt = clock.now() + RECLAIM_TIME
    if (isAgain) this.#parts?.claims.claimAgain()
    const isHere = (): boolean => losses === this.#losses && this.#connection === connection
    try {
      await connection.flush()
      // Servers that start together are no cluster at first, and messages to the nodes at other servers would be lost.
      for (const until = clock.now() + ROUTES; isHere() && this.#servers < this.#lastServers && clock.now() < until;) await delay(clock, SPREAD)
      if (isAgain) await this.spread()
    } catch {
      return // The connection was lost again. The next event of it comes here again.
    }
    if (!isHere()) return
    await this.#parts?.keeper.prepare(isHere)
    if (!isHere()) return
    this.#lastServers = this.#servers
    this.#parts?.claims.restored()
    if (this.#failures > 0) log.info({ server }, 'NATS is available')
    this.#server = server
    this.#failures = 0
    this.#wasAvailable = true
    if (isAgain) this.context.gap('the connection was lost and is back')
    this.#report('available', isAgain ? 'the connection is back' : 'connected')
    if (isHere()) this.#parts?.keeper.restored()
  }

  #lose (reason: string, state: EngineState = 'unavailable'): void {
    this.#losses++
    this.#report(state, reason)
    this.#trips.fail(reason)
    this.#parts?.claims.lost(reason)
    this.#parts?.keeper.lost(reason)
  }

  #failed (err: Error): void {
    if (this.#state === 'stopped') return
    const { clock, log } = this.context
    if (this.#failures++ === 0) log.error({ err }, `NATS is not available: ${err.message}; the engine tries again every second`)
    this.#report('unavailable', err.message)
    clock.start(this.#retry, RETRY)
  }

  #report (state: EngineState, reason: string): void {
    if (this.#state === state) return
    this.#state = state
    this.context.changed(state, reason)
    if (!this.available && !this.isStopped) return
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}
