import type { TransportFacts } from '../../stream/message-stream.ts'
import { type TransportName, TRANSPORTS } from '../protocol/index.ts'

/** What is known of a client when its session opens. It stays as it was then. */
export interface SessionFacts<User, Attributes> {
  readonly transport: TransportName
  /** The subprotocol of a WebSocket, or the empty string. */
  readonly protocol: string
  readonly user: User
  /** Made when the application first asks, where the `session` option gave none. */
  attributes: Attributes | undefined
  readonly ip: string
  /** The path of the opening request, without the client's ids. */
  readonly path: string
  readonly query: string
  readonly prefix: string
  readonly headers: Readonly<Record<string, string>>
  /** Whom the session belongs to: later requests must have the same key (SESSION-17). */
  readonly userKey: string
  /** The origin of the opening request, or the empty string. */
  readonly origin: string
}

/** The client of a session, as it was when the session opened: the part that never changes. */
export abstract class Client<User, Attributes> {
  readonly #facts: SessionFacts<User, Attributes>

  constructor (facts: SessionFacts<User, Attributes>) {
    this.#facts = facts
  }

  /** How the client is connected, by the names of sockjs-client; `websocket-raw` for a WebSocket without SockJS. */
  get transport (): TransportName { return this.#facts.transport }
  /** The subprotocol that was agreed on, or the empty string. */
  get protocol (): string { return this.#facts.protocol }
  /** Who the client is: what `session` returned as `user`, else what the `user` option found in the request. */
  get user (): User { return this.#facts.user }
  /** What the `session` option returned as `attributes`: yours to read and change. */
  get attributes (): Attributes {
    this.#facts.attributes ??= {} as Attributes
    return this.#facts.attributes
  }

  /** The address of the client; honours Fastify's `trustProxy`. */
  get ip (): string { return this.#facts.ip }
  /** The URL of the opening request, without the client's session id. */
  get url (): string { return this.#facts.path + this.#facts.query }
  /** The path of the endpoint, prefixes of its scopes included. */
  get prefix (): string { return this.#facts.prefix }
  /** Some headers of the opening request, an allow-list: never cookies or `authorization`. */
  get headers (): Readonly<Record<string, string>> { return this.#facts.headers }

  /** @internal */
  get facts (): SessionFacts<User, Attributes> { return this.#facts }
  /** The facts about the transport. */
  get transportFacts (): TransportFacts { return TRANSPORTS[this.#facts.transport] }
  /** @internal True where messages travel as they are, without SockJS framing. */
  get raw (): boolean { return this.transportFacts.framing === 'none' }
}
