import type { Clock } from '../../../../core/clock.ts'
import { Timer, type TimerOwner } from '../../../../core/timer.ts'
import { Waiters } from '../../../../core/waiters.ts'
import { BrokerError, refusal, type RefusalCode } from '../../../refusals.ts'
import type { BrokerLog } from '../../broker.ts'
import type { RelaySettings } from '../options.ts'
import type { BrokerLink } from './broker-link.ts'
import type { Connector } from './connector.ts'
import { failureFields, failureText } from './failures.ts'
import type { Backoff, Credentials, LinkOwner } from './link.ts'

/** The connection that uses a reconnecting link. */
export interface ReconnectingLinkOwner extends LinkOwner {
  /** Tells that a link was made. */
  up (link: BrokerLink): void
  /** Tells that the link has ended, or that an attempt has failed. The owner calls `retry()`. */
  lost (error: BrokerError): void
}

/** The milliseconds after which a connection counts as a success. */
const GOOD_LIFE = 5000

/** Codes of a broker that was not there, or has gone. It has not refused the login. */
const AWAY: ReadonlySet<string> = new Set<RefusalCode>(['STOMP_BROKER_UNAVAILABLE', 'STOMP_BROKER_TIMEOUT', 'STOMP_BROKER_LOST'])

/** The texts for attempts that failed, by code. */
const TEXTS: ReadonlyMap<string, string> = new Map<RefusalCode, string>([
  ['STOMP_ACCESS_REFUSED', 'the broker refuses the login'],
  ['STOMP_BROKER_REFUSED', 'the broker refuses the connection']
])

/** The application's own links, with the parts that they share. */
export class ReconnectingLinks {
  readonly backoff: Backoff
  readonly credentials: Credentials
  readonly connector: Connector
  readonly clock: Clock
  readonly log: BrokerLog
  readonly #all: ReconnectingLink[] = []

  constructor ({ reconnect, system }: RelaySettings, connector: Connector, clock: Clock, log: BrokerLog) {
    this.backoff = reconnect
    this.credentials = system
    this.connector = connector
    this.clock = clock
    this.log = log
  }

  /** Makes a link. `name` stands in the log. */
  open (name: string, owner: ReconnectingLinkOwner): ReconnectingLink {
    const link = new ReconnectingLink(this, name, owner)
    this.#all.push(link)
    return link
  }

  /** Lets the links that wait for their next attempts try at once, because one of them has reached the broker. */
  reached (): void {
    for (const link of this.#all) link.hurry()
  }
}

/** A broker link that is made again when it is lost, until it is stopped. All attempts are planned, and no caller causes one (RELAY-16). */
export class ReconnectingLink implements TimerOwner {
  readonly #links: ReconnectingLinks
  readonly #name: string
  readonly #owner: ReconnectingLinkOwner
  readonly #timer = new Timer(this)
  /** Callers that wait for the end of the attempt that goes on or comes next. */
  readonly #waiting = new Waiters()
  #current: BrokerLink | null = null
  #connecting: Promise<void> | null = null
  /** The reason for the missing link, `null` before the first attempt has ended. */
  #failure: BrokerError | null = null
  #failures = 0
  #since = 0
  /** True when a wait was skipped since the last connection that lived long. */
  #hurried = false
  readonly #abort = new AbortController()
  #stopped = false

  constructor (links: ReconnectingLinks, name: string, owner: ReconnectingLinkOwner) {
    this.#links = links
    this.#name = name
    this.#owner = owner
  }

  /** The link, `null` while the broker is away. */
  get current (): BrokerLink | null { return this.#current }

  /** Returns the link, or throws a refusal. */
  required (): BrokerLink {
    if (this.#current === null) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
    return this.#current
  }

  /** Makes the first attempt. It resolves however the attempt ends. */
  start (): Promise<void> { return this.#attempt() }

  /**
   * Skips the wait for the next attempt, because another link has just reached the broker. It does so once in an outage. Else the
   * links would hurry each other for ever at a broker that ends each connection at once (RELAY-16).
   */
  hurry (): void {
    if (!this.#timer.running || this.#hurried) return
    this.#hurried = true
    this.expire()
  }

  /** Waits for the link until the next planned attempt has ended. Throws a refusal if the link is still missing. */
  async connected (signal: AbortSignal): Promise<void> {
    await this.#attempted(signal)
    if (this.#current === null || signal.aborted) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
  }

  /**
   * Waits for the next planned attempt if the broker is away, and throws a refusal if it stays away.
   *
   * Without that wait, a thousand clients would make a thousand attempts of their own.
   */
  async reachable (signal: AbortSignal): Promise<void> {
    if (!this.#away) return
    await this.#attempted(signal)
    if (this.#away || signal.aborted) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
  }

  /** Plans the next attempt, after the link was lost or an attempt has failed. */
  retry (error: BrokerError): void {
    if (this.#stopped) return
    const { backoff: { min, max, jitter }, clock, log } = this.#links
    const wasUp = this.#current !== null
    this.#current = null
    // A broker that ends every connection at once is not better than one that takes none.
    if (wasUp && clock.now() - this.#since >= GOOD_LIFE) {
      this.#failures = 0
      this.#hurried = false
    }
    const text = wasUp ? 'the connection to the broker was lost' : TEXTS.get(error.code) ?? 'the broker cannot be reached'
    const delay = Math.round(Math.min(max, min * 2 ** Math.min(this.#failures++, 30)) * (1 - jitter * Math.random()))
    this.#failure = error
    clock.start(this.#timer, delay)
    log.warn({ connection: this.#name, ...failureFields(error), nextAttemptIn: delay }, `${text}: ${failureText(error)}; the next attempt is in ${delay} ms`)
  }

  async stop (): Promise<void> {
    this.#stopped = true
    this.#abort.abort()
    this.#links.clock.stop(this.#timer)
    await this.#connecting
    const link = this.#current
    this.#current = null
    this.#waiting.releaseAll()
    await link?.close()
  }

  expire (): void {
    this.#attempt().catch((error: unknown) => this.#links.log.error({ err: error }, 'an attempt to connect to the broker failed'))
  }

  /** True if the broker cannot be reached. A broker that refuses the login can be reached. */
  get #away (): boolean { return this.#current === null && AWAY.has(this.#failure?.code ?? 'STOMP_BROKER_UNAVAILABLE') }

  /** Waits for the attempt that goes on or is planned next, and resolves however it ends. For a client that goes it resolves at once. */
  async #attempted (signal: AbortSignal): Promise<void> {
    if (this.#current === null && !this.#stopped) await this.#waiting.wait(signal)
  }

  async #attempt (): Promise<void> {
    if (this.#stopped || this.#current !== null) return
    this.#links.clock.stop(this.#timer)
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null
      this.#waiting.releaseAll()
    })
    await this.#connecting
  }

  async #connect (): Promise<void> {
    const { connector, credentials, clock, log } = this.#links
    try {
      const link = await connector.connect(credentials, this.#owner, this.#abort.signal)
      if (this.#stopped) return await link.close()
      const { host, port } = link.address
      log.info({ connection: this.#name, host, port }, `connected to the broker at ${host}:${port}`)
      this.#current = link
      this.#since = clock.now()
      this.#owner.up(link)
      this.#links.reached()
    } catch (error) {
      if (error instanceof BrokerError) return this.#failed(error)
      log.error({ err: error, connection: this.#name }, 'connecting to the broker failed')
      this.#failed(refusal('STOMP_BROKER_UNAVAILABLE', undefined, true, error instanceof Error ? error : undefined))
    }
  }

  /** Tells the owner of a failed attempt, unless a link that ended right after its CONNECTED has done so already. */
  #failed (error: BrokerError): void {
    if (!this.#stopped && !this.#timer.running) this.#owner.lost(error)
  }
}
