import type { TransportName } from '../protocol/index.ts'

/** The facts about a client when its session opens. They stay as they were then. */
export interface SessionFacts<User, Attributes> {
  readonly transport: TransportName
  /** The subprotocol of a WebSocket, or the empty string. */
  readonly protocol: string
  readonly user: User
  /** The attributes, or `undefined` if the `session` option gave none. Then the session makes them when the application first reads them. */
  readonly attributes: Attributes | undefined
  readonly ip: string
  /** The path of the opening request, without the client's ids. */
  readonly path: string
  readonly query: string
  readonly prefix: string
  readonly headers: Readonly<Record<string, string>>
  /** The key of the session's user. Later requests must have the same (SESSION-17). */
  readonly userKey: string
  /** The origin of the opening request, or the empty string. */
  readonly origin: string
  /** The id that Fastify gave to the opening request, or the empty string if there was none. */
  readonly requestId: string
}
