import type { FastifyInstance } from 'fastify'
import type { ClusterNode } from '../cluster/node.ts'
import type { Clock } from '../core/clock.ts'
import type { Endpoint } from '../sockjs/endpoint/endpoint.ts'
import type { AnySession } from '../sockjs/session/index.ts'
import type { MessageStream } from '../stream/message-stream.ts'
import type { BrokerInspection } from '../stomp/broker/inspection.ts'
import type { StompFacade } from '../stomp/facade.ts'
import type { StompSession } from '../stomp/session/stomp-session.ts'

/** One session with its endpoint. */
export interface SeenSession {
  readonly endpoint: Endpoint
  readonly session: AnySession
}

/** The parts of a server that the inspector reads. STOMP may be registered later than the inspector, or not at all. */
export class ServerParts {
  readonly app: FastifyInstance
  readonly clock: Clock
  readonly node: ClusterNode | null
  /** The endpoint of the inspector itself. It is not shown. */
  readonly own: Endpoint

  constructor (app: FastifyInstance, own: Endpoint) {
    this.app = app
    this.own = own
    this.clock = own.clock
    this.node = own.registration.node
  }

  /** The endpoints of the application. */
  * endpoints (): Iterable<Endpoint> {
    for (const endpoint of this.own.registration.endpoints.values()) if (endpoint !== this.own) yield endpoint
  }

  /** The open sessions of the application, endpoint by endpoint. */
  * sessions (): Iterable<SeenSession> {
    for (const endpoint of this.endpoints()) for (const session of endpoint.sessions) yield { endpoint, session }
  }

  /** Finds a session by the id that a table has shown. */
  session (id: string): SeenSession | undefined {
    for (const seen of this.sessions()) if (seen.session.knownId === id) return seen
    return undefined
  }

  get stomp (): StompFacade | null { return this.app.hasDecorator('stomp') ? this.app.stomp : null }

  /** Finds the STOMP sessions by the stream below them. */
  stompSessions (): ReadonlyMap<MessageStream, StompSession> {
    const found = new Map<MessageStream, StompSession>()
    for (const session of this.stomp?.sessions ?? []) found.set(session.stream, session)
    return found
  }

  /** The content of the broker, `null` without STOMP, and while the broker does not run. */
  get broker (): BrokerInspection | null {
    const broker = this.stomp?.broker
    // A broker that has not started, or has stopped, may throw.
    if (broker === undefined || broker.state === 'starting' || broker.state === 'unavailable') return null
    return broker.inspect?.() ?? null
  }
}

/** Tells whether an endpoint speaks STOMP. Its messages are frames, whose headers may hold secrets. */
export function speaksStomp ({ options }: Endpoint): boolean { return options.protocols.some((name) => name.endsWith('.stomp')) }
