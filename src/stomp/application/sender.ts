import type { Broker } from '../broker/broker.ts'
import { FrameHeaders, type HeadersLike } from '../codec/index.ts'
import { stompErrors } from '../errors.ts'
import type { StompSession } from '../session/stomp-session.ts'
import { userHeaders } from '../session/user-headers.ts'
import { encodeContent } from './content.ts'
import { type DestinationLike, pathOf } from './destination.ts'
import { USER_PREFIX, type Users } from './users.ts'

/** What can be said about a message besides its value. */
export interface SendOptions {
  /** More headers of the message; `content-type` replaces ours. */
  readonly headers?: HeadersLike
}

/** How many sessions of a user got a message. */
export interface UserDelivery {
  /** How many sessions it was queued for. */
  readonly sessions: number
}

/** Sends for the application: to the broker, and to users. */
export class Sender {
  readonly #broker: Broker
  readonly #users: Users

  constructor (broker: Broker, users: Users) {
    this.#broker = broker
    this.#users = users
  }

  /** @throws FST_STOMP_INVALID_DESTINATION, FST_STOMP_INVALID_BODY; what the broker refuses with */
  async publish<T> (destination: DestinationLike<T>, value: T, options: SendOptions = {}): Promise<void> {
    const path = pathOf(destination)
    if (!this.#broker.accepts(path, 'send')) throw new stompErrors.InvalidDestination(path, 'the broker does not serve it')
    await this.#broker.publish({ destination: path, ...encode(value, options) })
  }

  /**
   * To where a client wants its answers, over its own connection to the broker, as if it had sent them itself: only there
   * are its temporary queues known.
   */
  async reply (session: StompSession, destination: string, value: unknown, options: SendOptions = {}): Promise<void> {
    const { headers, body } = encode(value, options)
    await session.host.application.checkReplyTo(session, destination)
    if (!this.#broker.accepts(destination, 'send')) throw new stompErrors.InvalidDestination(destination, 'the broker does not serve it')
    await session.connection?.publish({ destination, headers, body })
  }

  publishToUser<T> (user: string, destination: DestinationLike<T>, value: T, options: SendOptions = {}): UserDelivery {
    return this.toSessions(this.#users.get(user)?.sessions ?? [], destination, value, options)
  }

  /** To the subscriptions that these sessions have below `/user`. */
  toSessions (sessions: Iterable<StompSession>, destination: DestinationLike, value: unknown, options: SendOptions = {}): UserDelivery {
    const path = pathOf(destination)
    if (!path.startsWith('/')) throw new stompErrors.InvalidDestination(path, 'must begin with /')
    const full = path.startsWith(USER_PREFIX + '/') ? path : USER_PREFIX + path
    const { headers, body } = encode(value, options)
    return { sessions: this.#users.deliver(sessions, full, headers, body) }
  }
}

function encode (value: unknown, options: SendOptions): { headers: FrameHeaders, body: ReturnType<typeof encodeContent>['body'] } {
  const { body, contentType } = encodeContent(value)
  const headers = userHeaders(options.headers === undefined ? [] : FrameHeaders.from(options.headers))
  headers.add('content-type', contentType)
  return { headers, body }
}
