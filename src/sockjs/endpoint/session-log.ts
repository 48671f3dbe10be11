import type { FastifyBaseLogger, FastifyInstance, RouteOptions } from 'fastify'
import type { TransportName } from '../protocol/index.ts'

/** The parts of a route that decide about its log. Fastify has merged those of all scopes into them. */
type RouteLog = Pick<RouteOptions, 'logLevel' | 'logSerializers'>

/**
 * Makes the loggers of sessions: children of the log of the scope, as `request.log` is.
 *
 * A session holds no request. The logger of a request takes 400 bytes, so a session keeps the id of its request only.
 */
export class SessionLog {
  /** The log of the scope of the endpoint. */
  readonly parent: FastifyBaseLogger
  readonly #endpoint: string
  readonly #label: string
  #options: { level?: string, serializers?: Record<string, never> } = {}

  constructor (scope: FastifyInstance, endpoint: string) {
    this.parent = scope.log
    this.#endpoint = endpoint
    this.#label = scope.initialConfig.requestIdLogLabel ?? 'reqId'
  }

  /** Takes the level and the serializers of a route of the endpoint, which `request.log` has too. Our serializer hides the ids of clients (SEC-S43). */
  follow ({ logLevel, logSerializers }: RouteLog): void {
    this.#options = {
      ...(logLevel ? { level: logLevel } : {}),
      ...(logSerializers === undefined ? {} : { serializers: logSerializers as Record<string, never> })
    }
  }

  /** Makes a logger. `request` is the id of the request, or the empty string for a client without one; `session` is an id that the server made. */
  child (transport: TransportName, request: string, session: string): FastifyBaseLogger {
    const origin = request === '' ? {} : { [this.#label]: request }
    return this.parent.child({ ...origin, session, endpoint: this.#endpoint, transport }, this.#options as never)
  }
}
