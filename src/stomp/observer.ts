import { stompConnect, stompSubscribe } from '../telemetry/channels.ts'
import type { DisconnectInfo, Hooks } from './hooks.ts'
import type { SessionObserver } from './session/host.ts'
import type { Presence } from './presence/presence.ts'
import type { Requests } from './requests/requests.ts'
import type { StompSession } from './session/stomp-session.ts'
import type { Subscription } from './session/subscriptions.ts'
import type { Users } from './users.ts'

/** Tells the hooks of the application of the lives of sessions. It keeps the registry of users and their presence, and ends questions. */
export class HookObserver implements SessionObserver {
  readonly #hooks: Hooks
  readonly #users: Users
  readonly #presence: Presence
  readonly #requests: Requests

  constructor (hooks: Hooks, users: Users, presence: Presence, requests: Requests) {
    this.#hooks = hooks
    this.#users = users
    this.#presence = presence
    this.#requests = requests
  }

  connected (session: StompSession): void {
    this.#users.add(session)
    const { id, version, transport, user } = session
    if (stompConnect.hasSubscribers) stompConnect.publish({ session: id, version, transport, user: user?.name ?? null })
    this.#hooks.tell('onConnected', session)
  }

  subscribed (session: StompSession, subscription: Subscription): void {
    const { id, destination } = subscription
    this.#presence.subscribed(session, subscription)
    if (stompSubscribe.hasSubscribers) stompSubscribe.publish({ session: session.id, id, destination })
    this.#hooks.tell('onSubscribed', session, { id, destination })
  }

  unsubscribed (session: StompSession, subscription: Subscription): void {
    const { id, destination } = subscription
    this.#presence.unsubscribed(subscription)
    this.#hooks.tell('onUnsubscribe', session, { id, destination })
  }

  expired (session: StompSession): void | Promise<void> {
    if (this.#hooks.has('onExpire')) return this.#hooks.run('onExpire', session)
  }

  failed (session: StompSession, error: unknown): void {
    this.#hooks.tell('onError', session, error)
  }

  left (session: StompSession): void {
    this.#users.remove(session)
    this.#requests.left(session)
  }

  disconnected (session: StompSession, info: DisconnectInfo): void {
    this.#hooks.tell('onDisconnect', session, info)
  }
}
