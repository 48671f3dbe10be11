import type { Clock } from '../../../../core/clock.ts'
import { Timer, type TimerOwner } from '../../../../core/timer.ts'
import type { Body, FrameHeaders } from '../../../codec/index.ts'
import { type BrokerError, refusal, type RefusalCode } from '../../../refusals.ts'
import type { BrokerLink } from '../link/broker-link.ts'
import type { RelaySettings } from '../options.ts'

/** A message of the application that waits for a link. */
interface Waiting {
  readonly headers: FrameHeaders
  readonly body: Body
  readonly due: number
  readonly resolve: () => void
  readonly reject: (error: BrokerError) => void
}

/** The messages of the application that wait for a broker that is away (RELAY-25). Their number, their bytes and their time are bounded. */
export class RelayOutbox implements TimerOwner {
  readonly #clock: Clock
  readonly #maxMessages: number
  readonly #maxBytes: number
  readonly #timeout: number
  readonly #timer = new Timer(this)
  /** The messages, the oldest first, so that the first one is due first. */
  #waiting: Waiting[] = []
  #bytes = 0

  constructor ({ maxOutbox, outboxTimeout, link }: RelaySettings, clock: Clock) {
    this.#clock = clock
    this.#maxMessages = maxOutbox
    this.#maxBytes = link.maxWaiting
    this.#timeout = outboxTimeout
  }

  /** Keeps a message. Resolves when a broker has confirmed it. */
  keep (headers: FrameHeaders, body: Body): Promise<void> {
    if (this.#waiting.length >= this.#maxMessages || this.#bytes + body.length > this.#maxBytes) {
      return Promise.reject(refusal('STOMP_BROKER_UNAVAILABLE', undefined, true))
    }
    this.#bytes += body.length
    return new Promise((resolve, reject) => {
      this.#waiting.push({ headers, body, due: this.#clock.now() + this.#timeout, resolve, reject })
      if (!this.#timer.running) this.#watch()
    })
  }

  /** Sends all messages. */
  flush (link: BrokerLink): void {
    for (const { headers, body, resolve, reject } of this.#takeAll()) link.request('SEND', headers, body).then(() => resolve(), reject)
  }

  rejectAll (code: RefusalCode): void {
    for (const { reject } of this.#takeAll()) reject(refusal(code, undefined, true))
  }

  /** Rejects the messages whose time is over. */
  expire (): void {
    const now = this.#clock.now()
    const late = this.#waiting.filter(({ due }) => due <= now)
    this.#waiting = this.#waiting.filter(({ due }) => due > now)
    for (const { body } of late) this.#bytes -= body.length
    for (const { reject } of late) reject(refusal('STOMP_BROKER_UNAVAILABLE', undefined, true))
    this.#watch()
  }

  #takeAll (): Waiting[] {
    this.#clock.stop(this.#timer)
    this.#bytes = 0
    return this.#waiting.splice(0)
  }

  #watch (): void {
    const [first] = this.#waiting
    if (first !== undefined) this.#clock.start(this.#timer, Math.max(0, first.due - this.#clock.now()))
  }
}
