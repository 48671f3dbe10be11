import type { Body, Frame, FrameHeaders, ServerCommand } from '../../../codec/index.ts'
import { type BrokerError, refusal } from '../../../refusals.ts'
import type { Done, OutgoingMessage, UserMessage } from '../../broker.ts'
import type { RelayCore } from '../core.ts'
import type { BrokerLink } from '../link/broker-link.ts'
import type { ReconnectingLink, ReconnectingLinkOwner } from '../link/reconnecting-link.ts'
import { publisherHeaders, sendHeaders, sentDestination, subscribeHeaders } from '../messages/frames.ts'
import { toReplyTo } from '../messages/reply-to.ts'
import { RelayOutbox } from './outbox.ts'

/** The headers in which a message for a user travels between processes. */
const USER = 'x-fastify-sockjs-user'
const DESTINATION = 'x-fastify-sockjs-destination'
const FROM = 'x-fastify-sockjs-from'

/** The id of the subscription for such messages. */
const USERS = 'users'

/** The headers that the application must not set: none. */
const NONE: ReadonlySet<string> = new Set()

/**
 * The application's own connection. It carries the messages that the application publishes, and the messages for users of other
 * processes. It decides the state of the relay.
 */
export class SystemConnection implements ReconnectingLinkOwner {
  readonly link: ReconnectingLink
  readonly #core: RelayCore
  readonly #onUserMessage: (message: UserMessage) => void
  readonly #outbox: RelayOutbox
  /** The name of this process among the others. */
  readonly #self: string
  #stopped = false

  constructor (core: RelayCore, onUserMessage: (message: UserMessage) => void) {
    this.#core = core
    this.#onUserMessage = onUserMessage
    this.#outbox = new RelayOutbox(core.settings, core.clock)
    this.#self = core.serial.next()
    this.link = core.links.open('system', this)
  }

  async stop (): Promise<void> {
    this.#stopped = true
    this.#outbox.rejectAll('STOMP_BROKER_STOPPED')
    await this.link.stop()
  }

  /** Publishes a message. Resolves on the broker's RECEIPT (RELAY-25). */
  async publish (message: OutgoingMessage): Promise<void> {
    const replyTo = toReplyTo(message.headers.get('reply-to'), this.#core, null)
    await this.#send(sendHeaders(this.#core, message, sentDestination(this.#core, message.destination), replyTo, NONE), message.body)
  }

  publishToUser ({ user, destination, headers, body }: UserMessage): Done {
    const { dialect } = this.#core.settings
    // The headers are only carried. None of them is for this broker, whether a client or the application set it (SEC-S67).
    const form = sendHeaders(this.#core, { destination, headers, body }, dialect.userTopic, undefined, dialect.privileged)
    return this.#send(form.set(USER, user).set(DESTINATION, destination).set(FROM, this.#self), body)
  }

  // --- ReconnectingLinkOwner ------------------------------------------------------------------------------------

  up (link: BrokerLink): void {
    const { dialect } = this.#core.settings
    link.request('SUBSCRIBE', subscribeHeaders(link, USERS, dialect.userTopic, 'auto'))
      .catch((error: unknown) => this.#core.log.warn({ err: error }, 'messages for users of other processes cannot come: the broker refuses the subscription'))
    this.#outbox.flush(link)
    this.#core.state.become('available', `connected to ${dialect.name}`)
  }

  lost (error: BrokerError): void {
    this.link.retry(error)
    this.#core.state.become('unavailable', error.code)
  }

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

  #send (headers: FrameHeaders, body: Body): Promise<void> {
    const { current } = this.link
    if (this.#stopped) return Promise.reject(refusal('STOMP_BROKER_UNAVAILABLE', undefined, true))
    if (current === null) return this.#outbox.keep(headers, body)
    if (current.pending >= Math.max(1, this.#core.settings.maxOutbox)) return Promise.reject(refusal('STOMP_BROKER_BUSY'))
    return current.request('SEND', headers, body).then(() => {})
  }
}
