import type { TransportName } from '../protocol/index.ts'

/** What is known of a client when its session opens. It stays as it was then. */
export interface SessionFacts<User, Attributes> {
  readonly transport: TransportName
  /** The subprotocol of a WebSocket, or the empty string. */
  readonly protocol: string
  readonly user: User
  readonly attributes: Attributes
  readonly ip: string
  readonly url: string
  readonly prefix: string
  readonly headers: Readonly<Record<string, string>>
  /** Whom the session belongs to: later requests must have the same key (SESSION-17). */
  readonly userKey: string
  /** The origin of the opening request, or the empty string. */
  readonly origin: string
}
