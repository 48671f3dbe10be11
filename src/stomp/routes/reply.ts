import type { FrameHeaders } from '../codec/index.ts'
import { isUserDestination } from '../destinations.ts'
import type { StompSession } from '../session/stomp-session.ts'
import type { Content } from './content.ts'
import type { Sender, SendOptions } from './sender.ts'
import { type DestinationLike, fillTemplate, pathOf } from './typed-destination.ts'

/** The target of an answer. */
type Target =
  { readonly type: 'reply-to', readonly path: string } |
  { readonly type: 'destination', readonly path: string } |
  { readonly type: 'user', readonly path: string, readonly onlySender: boolean }

/** The targets of the answers of a message route. */
export interface ReplyTargets {
  /** Destinations, in which `:name` stands for the parameter of the route. */
  readonly sendTo?: string | readonly string[]
  /** Destinations below `/user`, for every session of the user that sent the message. */
  readonly sendToUser?: string | readonly string[]
  /** Destinations below `/user`, for the sending session alone. */
  readonly sendToSender?: string | readonly string[]
}

/** The ways of a handler to answer beside its return value. */
export interface Reply<Answer = unknown> {
  /** Chooses a destination in place of the targets of the route. */
  to (destination: DestinationLike): Reply<Answer>
  /** Chooses a destination below `/user`, for every session of the sender, or for the sending session alone. */
  toUser (destination: DestinationLike, options?: { only?: 'sender' }): Reply<Answer>
  /** Adds headers to the answer. */
  headers (headers: Readonly<Record<string, string>>): Reply<Answer>
  /** Sends a value now. The handler may send several, and still return one. */
  send (value: Answer): Promise<void>
}

const listOf = (value: string | readonly string[] | undefined): readonly string[] => value === undefined ? [] : [value].flat()

/** The answer to one message. */
export class MessageReply implements Reply {
  readonly #session: StompSession
  readonly #sender: Sender
  readonly #encode: (value: unknown) => Content
  readonly #lost: () => void
  /** The header by which the client finds the question of an answer. */
  readonly #correlation: Readonly<Record<string, string>>
  #defaults: readonly Target[]
  #chosen: Target[] | null = null
  #headers: Readonly<Record<string, string>> = {}

  /** `encode` judges and encodes each value. `lost` is called for a value that has no target. */
  constructor (
    session: StompSession, headers: FrameHeaders, targets: ReplyTargets, params: Readonly<Record<string, unknown>>, sender: Sender, encode: (value: unknown) => Content, lost: () => void
  ) {
    this.#session = session
    this.#sender = sender
    this.#encode = encode
    this.#lost = lost
    this.#defaults = [
      ...listOf(targets.sendTo).map((path): Target => ({ type: 'destination', path: fillTemplate(path, params) })),
      ...listOf(targets.sendToUser).map((path): Target => ({ type: 'user', path: fillTemplate(path, params), onlySender: false })),
      ...listOf(targets.sendToSender).map((path): Target => ({ type: 'user', path: fillTemplate(path, params), onlySender: true }))
    ]
    const replyTo = headers.get('reply-to')
    if (this.#defaults.length === 0 && replyTo !== undefined) this.#defaults = [{ type: 'reply-to', path: replyTo }]
    const correlation = headers.get('correlation-id')
    this.#correlation = correlation === undefined ? {} : { 'correlation-id': correlation }
  }

  to (destination: DestinationLike): Reply {
    (this.#chosen ??= []).push({ type: 'destination', path: pathOf(destination) })
    return this
  }

  toUser (destination: DestinationLike, options: { only?: 'sender' } = {}): Reply {
    (this.#chosen ??= []).push({ type: 'user', path: pathOf(destination), onlySender: options.only === 'sender' })
    return this
  }

  headers (headers: Readonly<Record<string, string>>): Reply {
    this.#headers = { ...this.#headers, ...headers }
    return this
  }

  async send (value: unknown): Promise<void> {
    const targets = this.#chosen ?? this.#defaults
    if (targets.length === 0) return this.#lost()
    const content = this.#encode(value)
    for (const target of targets) await this.#sendTo(target, content)
  }

  async #sendTo (target: Target, value: Content): Promise<void> {
    const session = this.#session
    if (target.type === 'reply-to') return this.#sender.reply(session, target.path, value, { headers: { ...this.#correlation, ...this.#headers } })
    const options: SendOptions = { headers: this.#headers }
    if (target.type === 'destination' && !isUserDestination(target.path)) return this.#sender.publish(target.path, value, options)
    if (session.user === null || target.type === 'destination' || target.onlySender) this.#sender.toSessions([session], target.path, value, options)
    else this.#sender.publishToUser(session.user.name, target.path, value, options)
  }
}
