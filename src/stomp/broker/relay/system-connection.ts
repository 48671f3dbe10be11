import type { Clock } from '../../../core/clock.ts'
import { Timer } from '../../../core/timer.ts'
import { type Body, type Frame, FrameHeaders, type ServerCommand } from '../../codec/index.ts'
import { type BrokerError, refusal } from '../../refusals.ts'
import type { BrokerState, Done, OutgoingMessage, UserMessage } from '../broker.ts'
import type { BrokerLink } from './link/broker-link.ts'
import { linkContext, type RelayCore, sentDestination, subscribeFrame } from './core.ts'
import { publisherHeaders, sendHeaders } from './messages/headers.ts'
import { ReconnectingLink, type ReconnectingLinkOwner } from './link/reconnecting-link.ts'
import { toReplyTo } from './messages/reply-to.ts'

/** A message of the application that waits for a connection. */
interface Waiting {
  readonly headers: FrameHeaders
  readonly body: Body
  readonly due: number
  readonly resolve: () => void
  readonly reject: (error: BrokerError) => void
}

/** How a message for a user travels between processes. */
const USER = 'x-fastify-sockjs-user'
const DESTINATION = 'x-fastify-sockjs-destination'
const FROM = 'x-fastify-sockjs-from'

const USERS = 'users'

/** The application may set all headers. */
const NONE: ReadonlySet<string> = new Set()

/** The application's own connection: what it publishes, and what its other processes tell of messages for users. Whether it stands is the relay's state. */
export class SystemConnection implements ReconnectingLinkOwner {
  readonly name = 'system'
  readonly #core: RelayCore
  readonly #clock: Clock
  readonly #reconnecting: ReconnectingLink
  readonly #become: (state: BrokerState, reason: string) => void
  readonly #onUserMessage: (message: UserMessage) => void
  /** Names this process among the others. */
  readonly #self: string
  readonly #timer = new Timer(this)
  #outbox: Waiting[] = []
  /** Bytes of the bodies in the outbox. */
  #waitingBytes = 0
  #stopped = false

  constructor (core: RelayCore, become: (state: BrokerState, reason: string) => void, onUserMessage: (message: UserMessage) => void) {
    this.#core = core
    this.#clock = core.clock
    this.#become = become
    this.#onUserMessage = onUserMessage
    this.#self = core.serial.next()
    this.#reconnecting = new ReconnectingLink(linkContext(core), this)
  }

  /** Makes the first attempt; resolves however that ends. */
  start (): Promise<void> { return this.#reconnecting.start() }

  /** The broker has just been reached by another way. */
  hurry (): void { this.#reconnecting.hurry() }

  /**
   * Waits for the next attempt to reach a broker that is away. Without it a thousand clients would make a thousand attempts of
   * their own.
   */
  async reachable (signal: AbortSignal): Promise<void> {
    if (!this.#reconnecting.away) return
    await this.#reconnecting.attempted(signal)
    if (this.#reconnecting.away || signal.aborted) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
  }

  async stop (): Promise<void> {
    this.#stopped = true
    this.#clock.stop(this.#timer)
    for (const { reject } of this.#takeAll()) reject(refusal('STOMP_BROKER_STOPPED', undefined, true))
    await this.#reconnecting.stop()
  }

  /** Resolves on the broker's RECEIPT (RELAY-25). */
  async publish (message: OutgoingMessage): Promise<void> {
    const replyTo = toReplyTo(message.headers.get('reply-to'), this.#core.settings, null)
    await this.#send(this.#form(message, sentDestination(this.#core, message.destination), replyTo, NONE), message.body)
  }

  publishToUser ({ user, destination, headers, body }: UserMessage): Done {
    const { userTopic } = this.#core.settings.dialect
    // They are only carried: none of them is for this broker, whoever wrote them (SEC-S67).
    const form = this.#form({ destination, headers, body }, userTopic, undefined, this.#core.settings.dialect.privileged)
    return this.#send(form.set(USER, user).set(DESTINATION, destination).set(FROM, this.#self), body)
  }

  expire (): void {
    const now = this.#clock.now()
    const late = this.#outbox.filter(({ due }) => due <= now)
    this.#outbox = this.#outbox.filter(({ due }) => due > now)
    for (const { body } of late) this.#waitingBytes -= body.length
    for (const { reject } of late) reject(refusal('STOMP_BROKER_UNAVAILABLE', undefined, true))
    this.#watch()
  }

  // --- ReconnectingLinkOwner ------------------------------------------------------------------------------------------

  up (link: BrokerLink): void {
    const { userTopic, name } = this.#core.settings.dialect
    link.request('SUBSCRIBE', subscribeFrame(link, USERS, userTopic, 'auto'))
      .catch((error: unknown) => this.#core.log.warn({ err: error }, 'messages for users of other processes cannot come: the broker refuses the subscription'))
    this.#clock.stop(this.#timer)
    for (const { headers, body, resolve, reject } of this.#takeAll()) link.request('SEND', headers, body).then(() => resolve(), reject)
    this.#become('available', `connected to ${name}`)
    this.#core.reached()
  }

  down (error: BrokerError): void { this.#become('unavailable', error.code) }

  message (id: string, { headers, body }: Frame<ServerCommand>): void {
    const user = headers.get(USER)
    const destination = headers.get(DESTINATION)
    if (id !== USERS || user === undefined || destination === undefined || headers.get(FROM) === this.#self) return
    const kept = publisherHeaders(headers)
    for (const name of [USER, DESTINATION, FROM]) kept.delete(name)
    this.#onUserMessage({ user, destination, headers: kept, body })
  }

  subscriptionEnded (_id: string, error: BrokerError): void {
    this.#core.log.warn({ code: error.code }, 'messages for users of other processes come no more')
  }

  refused (error: BrokerError): void {
    this.#core.log.warn({ code: error.code }, 'the broker has refused a frame of the application')
  }

  stalled (yes: boolean): void { this.#core.stalled(this, yes) }

  // --- inside -------------------------------------------------------------------------------------------------

  #form (message: OutgoingMessage, destination: string, replyTo: string | undefined, privileged: ReadonlySet<string>): FrameHeaders {
    const { dialect } = this.#core.settings
    return sendHeaders(message, { dialect, destination, replyTo, privileged, now: this.#clock.date() })
  }

  #send (headers: FrameHeaders, body: Body): Promise<void> {
    const { link } = this.#reconnecting
    const { maxOutbox } = this.#core.settings
    if (this.#stopped) return Promise.reject(refusal('STOMP_BROKER_UNAVAILABLE', undefined, true))
    if (link === null) return this.#keep(headers, body)
    if (link.pending >= Math.max(1, maxOutbox)) return Promise.reject(refusal('STOMP_BROKER_BUSY'))
    return link.request('SEND', headers, body).then(() => {})
  }

  /** Keeps a message until the broker is there. Messages and bytes are bounded. */
  #keep (headers: FrameHeaders, body: Body): Promise<void> {
    const { maxOutbox, outboxTimeout, link: { maxWaiting } } = this.#core.settings
    if (this.#outbox.length >= maxOutbox || this.#waitingBytes + body.length > maxWaiting) {
      return Promise.reject(refusal('STOMP_BROKER_UNAVAILABLE', undefined, true))
    }
    this.#waitingBytes += body.length
    return new Promise((resolve, reject) => {
      this.#outbox.push({ headers, body, due: this.#clock.now() + outboxTimeout, resolve, reject })
      if (!this.#timer.running) this.#watch()
    })
  }

  #takeAll (): Waiting[] {
    this.#waitingBytes = 0
    return this.#outbox.splice(0)
  }

  #watch (): void {
    const [first] = this.#outbox
    if (first !== undefined) this.#clock.start(this.#timer, Math.max(0, first.due - this.#clock.now()))
  }
}
