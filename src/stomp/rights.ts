import type { Broker } from './broker/broker.ts'
import type { FrameHeaders } from './codec/index.ts'
import type { ClientDestination } from './destinations.ts'
import { StompError } from './errors.ts'
import type { Rules } from './rules.ts'
import type { StompSession } from './session/stomp-session.ts'

/** The rights of clients: the rules of the application, and the rights that hold without a rule. */
export class Rights {
  readonly #rules: Rules
  readonly #broker: Broker
  /** The destinations to which clients may send themselves (SEC-S65). */
  readonly #clientSend: 'any' | 'application-only'

  constructor (rules: Rules, broker: Broker, clientSend: 'any' | 'application-only') {
    this.#rules = rules
    this.#broker = broker
    this.#clientSend = clientSend
  }

  /** @throws StompError STOMP_ACCESS_REFUSED */
  checkConnect (session: StompSession, headers: FrameHeaders): Promise<void> {
    return this.#rules.check(session, 'connect', headers, null)
  }

  /** @throws StompError STOMP_ACCESS_REFUSED */
  checkSend (session: StompSession, destination: ClientDestination, headers: FrameHeaders): void | Promise<void> {
    const { owner, name } = destination
    // Only the server tells who is present.
    if (owner === 'presence') throw new StompError('STOMP_ACCESS_REFUSED')
    // The common case comes first, and asks the broker nothing.
    if (owner === 'broker' && this.#rules.empty && this.#clientSend === 'any') return
    if (owner === 'broker' && this.#broker.isPrivate(name)) return
    if (owner === 'broker' && this.#clientSend === 'application-only') throw new StompError('STOMP_ACCESS_REFUSED')
    // A client must not reach other users, unless a rule allows it (SPRING-F6).
    if (owner === 'user' && this.#rules.empty) throw new StompError('STOMP_ACCESS_REFUSED')
    if (!this.#rules.empty) return this.#rules.check(session, 'send', headers, destination)
  }

  /** @throws StompError STOMP_ACCESS_REFUSED */
  checkSubscribe (session: StompSession, destination: ClientDestination, headers: FrameHeaders): void | Promise<void> {
    const { owner, name } = destination
    // A wildcard never reaches the destinations of users (SEC-S64).
    if (owner === 'user' && name.split(/[/.]/).some((segment) => segment === '*' || segment === '**')) throw new StompError('STOMP_ACCESS_REFUSED')
    if (this.#rules.empty || this.#broker.isPrivate(name)) return
    const { topic } = destination
    const allowed = this.#rules.check(session, 'subscribe', headers, destination)
    // Who may not subscribe to a topic must not learn who does.
    return topic === null ? allowed : allowed.then(() => this.#rules.check(session, 'subscribe', headers, topic))
  }
}
