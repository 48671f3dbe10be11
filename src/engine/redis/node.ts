import { Timer, type TimerOwner } from '../../core/timer.ts'
import type { EngineContext, EngineState } from '../engine.ts'
import { engineErrors } from '../errors.ts'
import { Calls, isReply, unavailable, wordsOf } from './calls.ts'
import { type ChannelsHost, RedisChannels } from './channels.ts'
import { type ClaimsHost, RedisClaims } from './claims.ts'
import type { Maker } from './client.ts'
import { Lease, RENEWAL } from './lease.ts'
import { Link, type LinkOwner } from './link.ts'
import { Names } from './names.ts'
import type { RedisLogs } from './logs/logs.ts'
import type { RedisEngineOptions } from './options.ts'
import type { RedisQueues } from './queues/queues.ts'
import { Restoration, type Subscriber } from './restoration.ts'
import { refusalOf } from './rights.ts'
import { Settling } from './settling.ts'
import type { StoreParts } from './store.ts'
import { Subscriptions } from './subscriptions.ts'

/** The wait before another try on connections that are there, in milliseconds. */
const RETRY = 500

/** The time that the first try may take, in milliseconds. The client itself may wait longer for a server. */
const FIRST_TRY = 5_000

/** Answers after which the client must look for the master again. */
const NO_MASTER = /^(?:READONLY|MASTERDOWN|UNBLOCKED)/

/** Answers that concern the whole server, not only one command. */
const SERVER_FAILS = /^(?:LOADING|CLUSTERDOWN|TRYAGAIN|BUSY|MISCONF|NOAUTH|NOREPLICAS|NORULE)/

/** The options of the engine that a node needs. */
type NodeOptions = Pick<Required<RedisEngineOptions>, 'namespace' | 'durable'>

/** A node in Redis: two connections, and the way back to a working state after any fault. */
export class RedisNode implements LinkOwner, ClaimsHost, ChannelsHost, TimerOwner {
  readonly channels: RedisChannels
  readonly claims: RedisClaims
  /** The reason why the engine is not available, or `null`. */
  away: string | null = 'it has not started'
  readonly #context: EngineContext
  readonly #maker: Maker
  readonly #names: Names
  readonly #commands: Link
  readonly #calls: Calls
  readonly #lease: Lease
  readonly #settling: Settling
  readonly #subscriptions: Subscriptions
  readonly #queues: RedisQueues
  readonly #restoration: Restoration
  readonly #renewal = new Timer(this)
  readonly #retry = new Timer(this)
  readonly #firstTry = new Timer(this)
  #subscriber: Subscriber | null = null
  #state: EngineState = 'starting'
  /** The number of the current try. A try whose number is older has been overtaken by a fault. */
  #try = 0
  #isTrying = false
  #stopped: Promise<void> | null = null
  #started: { resolve (): void, reject (error: Error): void } | null = null

  constructor (context: EngineContext, maker: Maker, { namespace, durable }: NodeOptions, logs: RedisLogs, queues: RedisQueues) {
    const { clock, log, node } = context
    this.#context = context
    this.#maker = maker
    this.#names = new Names(namespace)
    this.#commands = new Link(maker.commands(), this)
    this.#calls = new Calls(this.#commands.connection, clock, () => this.#commands.renew('Redis did not answer'))
    this.#lease = new Lease(this.#calls, clock, this.#names, node)
    this.#settling = new Settling(clock)
    this.#subscriptions = new Subscriptions(this.#names, log)
    this.claims = new RedisClaims(this, this.#calls, clock, this.#names, this.#lease, this.#settling)
    const store: StoreParts = { host: this, calls: this.#calls, names: this.#names, subscriptions: this.#subscriptions, lease: this.#lease, clock, log, node }
    this.#queues = queues
    logs.begin(store, maker.isCluster)
    queues.begin(store)
    this.#restoration = new Restoration(context, maker, { ...store, claims: this.claims, logs, queues, durable })
    this.channels = new RedisChannels(this, this.#calls, this.#names, this.#subscriptions, maker.isCluster ? this.#lease : null)
  }

  /** Connects. Resolves when the node is available or the first try has failed. */
  start (): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#started = { resolve, reject }
      this.#context.clock.start(this.#firstTry, FIRST_TRY)
      this.#commands.open()
    })
  }

  /** Frees everything, and ends both connections. A second call waits for the first. */
  stop (): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop (): Promise<void> {
    if (this.#state === 'stopped') return
    const wasAvailable = this.#state === 'available'
    this.#state = 'stopped'
    this.#try++
    this.away = 'it was stopped'
    this.#settling.stop()
    for (const timer of [this.#renewal, this.#retry, this.#firstTry]) this.#context.clock.stop(timer)
    this.#subscriptions.end()
    try {
      if (wasAvailable) {
        await this.#queues.stop()
        await this.claims.stop()
        await this.#lease.end()
      }
    } catch (error) {
      this.#context.log.debug({ err: error }, 'Redis keeps the claims of this node until its lease ends')
    }
    this.#closeLinks('it was stopped')
    this.#started?.resolve()
    this.#context.changed('stopped', 'stopped')
  }

  // --- faults that others see --------------------------------------------------------------------------------

  refused (error: Error): void {
    const words = wordsOf(error)
    if (NO_MASTER.test(words)) this.#commands.renew(words)
    else if (SERVER_FAILS.test(words)) this.#fault(words)
  }

  lostPublication (error: unknown): void {
    if (isReply(error)) this.refused(error)
    if (this.#state === 'available') this.#fault(`a publication was lost: ${wordsOf(error)}`)
  }

  linkReady (): void { this.#begin() }

  linkLost (link: Link, reason: string): void {
    if (link === this.#commands || link === this.#subscriber?.link) this.#fault(reason)
  }

  linkEnded (link: Link, reason: string): void {
    if (this.#state === 'stopped') return
    if (link === this.#subscriber?.link && this.#maker.isCluster) {
      this.#subscriber = null
      return this.#fault(reason)
    }
    this.#fault(reason)
    this.#context.clock.stop(this.#retry)
    this.#context.log.error({ engine: 'redis', reason }, 'The client of Redis has given up, as its retry strategy says. The engine stays unavailable until the node starts again.')
  }

  linkRefused (words: string): void {
    const refusal = refusalOf(words)
    if (refusal !== null && this.#started !== null) this.#refuse(refusal)
  }

  expire (timer: Timer): void {
    if (timer === this.#renewal) this.#renew()
    else if (timer === this.#retry) this.#begin()
    else this.#fault(`no connection within ${FIRST_TRY} ms`)
  }

  // --- the way to a working state ----------------------------------------------------------------------------

  /** Begins a try, if both connections are ready and none runs. */
  #begin (): void {
    if (this.#isTrying || this.#state === 'available' || this.#state === 'stopped' || !this.#commands.ready) return
    const subscriber = this.#subscriber ??= this.#openSubscriber()
    if (subscriber === null) this.#context.clock.start(this.#retry, RETRY)
    else if (subscriber.link.ready) this.#recover(subscriber)
  }

  #openSubscriber (): Subscriber | null {
    const connection = this.#maker.subscriber(this.#commands.connection)
    if (connection === null) return null
    const link = new Link(connection, this)
    const echo = this.#names.echo(this.#context.node)
    connection.on('messageBuffer', (name: Buffer) => { if (name.toString('latin1') === echo) this.#restoration.heard() })
    this.#subscriptions.use(connection)
    link.open()
    return { link, calls: new Calls(connection, this.#context.clock, () => link.renew('Redis did not answer on the connection for subscriptions')) }
  }

  async #recover (subscriber: Subscriber): Promise<void> {
    const number = ++this.#try
    this.#isTrying = true
    try {
      await this.#restoration.run(subscriber, this.#state === 'starting')
      if (number === this.#try) this.#available()
    } catch (error) {
      if (number === this.#try) this.#tryFailed(error)
    } finally {
      if (number === this.#try) this.#isTrying = false
    }
  }

  #available (): void {
    const { clock, log, changed, gap } = this.#context
    const isReturn = this.#state === 'unavailable'
    const mustSettle = this.#restoration.takeUnsettled()
    if (mustSettle) this.#settling.begin()
    clock.stop(this.#firstTry)
    clock.stop(this.#retry)
    clock.start(this.#renewal, RENEWAL)
    const reason = isReturn ? 'Redis is back' : 'started'
    this.channels.again()
    this.#subscriptions.release()
    this.#state = 'available'
    this.away = null
    log.debug({ engine: 'redis', settling: mustSettle }, reason)
    if (isReturn) gap.call(this.#context, reason)
    this.#queues.available()
    changed.call(this.#context, 'available', reason)
    this.#endStart()
  }

  #tryFailed (error: unknown): void {
    const words = wordsOf(error)
    const refusal = error instanceof engineErrors.Refused ? error : refusalOf(words)
    if (refusal !== null && this.#started !== null) return this.#refuse(refusal)
    if (NO_MASTER.test(words)) this.#commands.renew(words)
    this.#fault(words)
  }

  async #renew (): Promise<void> {
    const subscriber = this.#subscriber
    if (this.#state !== 'available' || subscriber === null) return
    const number = this.#try
    this.#context.clock.start(this.#renewal, RENEWAL)
    try {
      if (!await this.#restoration.renewLease(subscriber.calls)) throw unavailable('the lease of this node has ended')
      await this.claims.renewOld()
    } catch (error) {
      if (number === this.#try) this.#tryFailed(error)
    }
  }

  /** Takes note of a fault, and tries again after a while. The client connects again by itself. */
  #fault (reason: string): void {
    if (this.#state === 'stopped') return
    const { clock, log, changed } = this.#context
    this.#try++
    this.#isTrying = false
    const before = this.#state
    this.#state = 'unavailable'
    this.away = reason
    clock.stop(this.#renewal)
    this.#subscriptions.lost()
    this.#lease.forget()
    this.#queues.lost(reason)
    this.#calls.fail(reason)
    this.#subscriber?.calls.fail(reason)
    this.#settling.stop()
    clock.start(this.#retry, RETRY)
    if (this.#maker.isCluster && this.#commands.ready) this.#commands.renew(reason)
    if (before === 'unavailable') return
    if (before === 'starting') log.error({ engine: 'redis', reason }, 'Redis is not available at the start. The node serves its own sessions, and the engine tries again.')
    changed.call(this.#context, 'unavailable', reason)
    this.#endStart()
  }

  #endStart (): void {
    this.#context.clock.stop(this.#firstTry)
    this.#started?.resolve()
    this.#started = null
  }

  /** Ends the start, because no further try can help. */
  #refuse (error: Error): void {
    const started = this.#started
    this.#started = null
    this.#state = 'stopped'
    this.#try++
    this.away = error.message
    for (const timer of [this.#renewal, this.#retry, this.#firstTry]) this.#context.clock.stop(timer)
    this.#closeLinks(error.message)
    started?.reject(error)
  }

  #closeLinks (reason: string): void {
    this.#queues.end(reason)
    this.#calls.fail(reason)
    this.#subscriber?.calls.fail(reason)
    this.#restoration.heard()
    this.#subscriptions.end()
    this.#subscriber?.link.close()
    this.#commands.close()
  }
}
