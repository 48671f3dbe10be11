import type { Clock } from '../../../../core/clock.ts'
import { Timer } from '../../../../core/timer.ts'
import { Waiters } from '../../../../core/waiters.ts'
import { BrokerError, refusal } from '../../../refusals.ts'
import type { BrokerLog } from '../../broker.ts'
import type { BrokerLink, BrokerLinkOwner, Credentials } from './broker-link.ts'
import type { Connector } from './connector.ts'
import { failureFields, failureText } from './failures.ts'

/** How long to wait before the next attempt: doubled each time, and not the same for every process (RELAY-16). Milliseconds. */
export interface Backoff {
  /** The first wait. */
  readonly min: number
  /** The longest wait. */
  readonly max: number
  /** The part of the wait that is left to chance, from 0 to 1. */
  readonly jitter: number
}

/** Whoever lives on a reconnecting link. */
export interface ReconnectingLinkOwner extends Omit<BrokerLinkOwner, 'lost'> {
  /** For the log: which of the relay's own connections this is. */
  readonly name: string
  up (link: BrokerLink): void
  /** Once after each `up`, and after each attempt that failed. */
  down (error: BrokerError): void
}

/** What a reconnecting link needs of the relay. */
export interface LinkContext {
  readonly connector: Connector
  readonly backoff: Backoff
  readonly clock: Clock
  readonly log: BrokerLog
  credentials (): Credentials | Promise<Credentials>
}

/** A connection that has lived so long was a success; milliseconds. */
const GOOD_LIFE = 5000

/** Errors of a broker that was not there, or has gone: it has refused nobody. */
const AWAY: ReadonlySet<string> = new Set(['STOMP_BROKER_UNAVAILABLE', 'STOMP_BROKER_TIMEOUT', 'STOMP_BROKER_LOST'])

/** A connection that is made again whenever it is lost, until it is stopped. Every attempt is planned: no caller brings one about (RELAY-16). */
export class ReconnectingLink {
  readonly #context: LinkContext
  readonly #owner: ReconnectingLinkOwner
  readonly #timer = new Timer(this)
  /** Callers that wait for the end of the attempt that goes on or comes next. */
  readonly #waiting = new Waiters()
  #link: BrokerLink | null = null
  #connecting: Promise<void> | null = null
  /** The reason for the missing link; `null` before the first attempt has ended. */
  #failure: BrokerError | null = null
  #failures = 0
  #since = 0
  /** The wait has been skipped once since the last connection that lived long. */
  #hurried = false
  readonly #abort = new AbortController()
  #stopped = false

  constructor (context: LinkContext, owner: ReconnectingLinkOwner) {
    this.#context = context
    this.#owner = owner
  }

  get link (): BrokerLink | null { return this.#link }

  /** True if the broker cannot be reached. A broker that refuses the login can be reached. */
  get away (): boolean { return this.#link === null && AWAY.has(this.#failure?.code ?? 'STOMP_BROKER_UNAVAILABLE') }

  /** Makes the first attempt; resolves however that ends. */
  start (): Promise<void> { return this.#attempt() }

  /**
   * Skips the wait for the next attempt, because another connection has just reached the broker. Only once in an outage: a broker
   * that ends each connection at once would otherwise make the connections hurry each other for ever (RELAY-16).
   */
  hurry (): void {
    if (!this.#timer.running || this.#hurried) return
    this.#hurried = true
    this.#begin()
  }

  /** Waits for the attempt that goes on or is planned next, and resolves however it ends; at once for a client that goes. */
  async attempted (signal: AbortSignal): Promise<void> {
    if (this.#link === null && !this.#stopped) await this.#waiting.wait(signal)
  }

  /** Returns the link of the current or the next planned attempt. Rejects with a `BrokerError` if it fails. */
  async required (signal: AbortSignal): Promise<BrokerLink> {
    await this.attempted(signal)
    if (this.#link === null || signal.aborted) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
    return this.#link
  }

  async stop (): Promise<void> {
    this.#stopped = true
    this.#abort.abort()
    this.#context.clock.stop(this.#timer)
    await this.#connecting
    const link = this.#link
    this.#link = null
    this.#waiting.releaseAll()
    await link?.close()
  }

  expire (): void { this.#begin() }

  #begin (): void { this.#attempt().catch((error: unknown) => this.#context.log.error({ err: error }, 'an attempt to connect to the broker failed')) }

  async #attempt (): Promise<void> {
    if (this.#stopped || this.#link !== null) return
    this.#context.clock.stop(this.#timer)
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null
      this.#waiting.releaseAll()
    })
    await this.#connecting
  }

  async #connect (): Promise<void> {
    const { connector, clock, log } = this.#context
    try {
      const { message, subscriptionEnded, refused, stalled } = this.#owner
      const link = await connector.connect(await this.#context.credentials(), {
        message: message.bind(this.#owner),
        subscriptionEnded: subscriptionEnded.bind(this.#owner),
        refused: refused.bind(this.#owner),
        stalled: stalled.bind(this.#owner),
        lost: (error) => {
          this.#link = null
          // A broker that ends every connection at once is no better than one that takes none.
          if (clock.now() - this.#since >= GOOD_LIFE) {
            this.#failures = 0
            this.#hurried = false
          }
          this.#failed(error, 'the connection to the broker was lost')
        }
      }, this.#abort.signal)
      if (this.#stopped) return await link.close()
      const { host, port } = link.address
      log.info({ line: this.#owner.name, host, port }, `connected to the broker at ${host}:${port}`)
      this.#link = link
      this.#since = clock.now()
      this.#owner.up(link)
    } catch (error) {
      const known = error instanceof BrokerError
      if (!known) log.error({ err: error, line: this.#owner.name }, 'connecting to the broker failed')
      this.#failed(known ? error : refusal('STOMP_BROKER_UNAVAILABLE', undefined, true, error instanceof Error ? error : undefined), TEXTS[known ? error.code : ''] ?? 'the broker cannot be reached')
    }
  }

  #failed (error: BrokerError, what: string): void {
    if (this.#stopped) return
    const { backoff: { min, max, jitter }, clock, log } = this.#context
    const delay = Math.round(Math.min(max, min * 2 ** Math.min(this.#failures++, 30)) * (1 - jitter * Math.random()))
    this.#failure = error
    clock.start(this.#timer, delay)
    log.warn({ line: this.#owner.name, ...failureFields(error), nextAttemptIn: delay }, `${what}: ${failureText(error)}; the next attempt is in ${delay} ms`)
    this.#owner.down(error)
  }
}

const TEXTS: Readonly<Record<string, string>> = {
  STOMP_ACCESS_REFUSED: 'the broker refuses the login',
  STOMP_BROKER_REFUSED: 'the broker refuses the connection'
}
