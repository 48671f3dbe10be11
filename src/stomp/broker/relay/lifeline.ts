import { type Clock, Timer } from '../../../clock/index.ts'
import { BrokerError, type BrokerLog } from '../broker.ts'
import { refusal } from '../refusals.ts'
import type { Dialer } from './dialer.ts'
import type { Credentials, Leg, LegOwner } from './leg.ts'

/** How long to wait before the next attempt: doubled each time, and not the same for every process (RELAY-16). Milliseconds. */
export interface Backoff {
  /** The first wait. */
  readonly min: number
  /** The longest wait. */
  readonly max: number
  /** The part of the wait that is left to chance, from 0 to 1. */
  readonly jitter: number
}

/** Whoever lives on a lifeline. */
export interface LifelineOwner extends Omit<LegOwner, 'lost'> {
  up (leg: Leg): void
  /** Once after each `up`, and after each attempt that failed. */
  down (error: BrokerError): void
}

/** A connection that has lived so long was a success; milliseconds. */
const GOOD_LIFE = 5000

/** A connection that is made again whenever it is lost, whatever goes wrong, until it is stopped. */
export class Lifeline {
  readonly #dialer: Dialer
  readonly #credentials: () => Credentials | Promise<Credentials>
  readonly #owner: LifelineOwner
  readonly #backoff: Backoff
  readonly #clock: Clock
  readonly #log: BrokerLog
  readonly #timer = new Timer(this)
  #leg: Leg | null = null
  #dialing: Promise<void> | null = null
  #failures = 0
  #since = 0
  readonly #abort = new AbortController()
  #stopped = false

  constructor (dialer: Dialer, credentials: () => Credentials | Promise<Credentials>, owner: LifelineOwner, backoff: Backoff, clock: Clock, log: BrokerLog) {
    this.#dialer = dialer
    this.#credentials = credentials
    this.#owner = owner
    this.#backoff = backoff
    this.#clock = clock
    this.#log = log
  }

  get leg (): Leg | null { return this.#leg }

  /** Connects, or waits for the attempt that is going on; resolves however that ends. */
  connect (): Promise<void> {
    if (this.#stopped || this.#leg !== null) return Promise.resolve()
    this.#clock.stop(this.#timer)
    this.#dialing ??= this.#dial().finally(() => { this.#dialing = null })
    return this.#dialing
  }

  /** A leg, or a rejection with a `BrokerError`; somebody needs it, so that no back-off is waited for. */
  async required (): Promise<Leg> {
    await this.connect()
    if (this.#leg === null) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
    return this.#leg
  }

  async stop (): Promise<void> {
    this.#stopped = true
    this.#abort.abort()
    this.#clock.stop(this.#timer)
    await this.#dialing
    const leg = this.#leg
    this.#leg = null
    await leg?.close()
  }

  expire (): void { this.connect().catch(() => {}) }

  async #dial (): Promise<void> {
    try {
      const { message, subscriptionEnded, refused, stalled } = this.#owner
      const leg = await this.#dialer.dial(await this.#credentials(), {
        message: message.bind(this.#owner),
        subscriptionEnded: subscriptionEnded.bind(this.#owner),
        refused: refused.bind(this.#owner),
        stalled: stalled.bind(this.#owner),
        lost: (error) => {
          this.#leg = null
          // A broker that ends every connection at once is no better than one that takes none.
          if (this.#clock.now() - this.#since >= GOOD_LIFE) this.#failures = 0
          this.#failed(error)
        }
      }, this.#abort.signal)
      if (this.#stopped) return await leg.close()
      this.#leg = leg
      this.#since = this.#clock.now()
      this.#owner.up(leg)
    } catch (error) {
      if (!(error instanceof BrokerError)) this.#log.error({ err: error }, 'connecting to the broker failed')
      this.#failed(error instanceof BrokerError ? error : refusal('STOMP_BROKER_UNAVAILABLE', undefined, true))
    }
  }

  #failed (error: BrokerError): void {
    if (this.#stopped) return
    const { min, max, jitter } = this.#backoff
    const delay = Math.min(max, min * 2 ** Math.min(this.#failures++, 30)) * (1 - jitter * Math.random())
    this.#clock.start(this.#timer, delay)
    this.#owner.down(error)
  }
}
