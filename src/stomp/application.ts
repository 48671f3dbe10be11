import type { Tracing } from '../telemetry/tracing.ts'
import type { Broker } from './broker/broker.ts'
import type { ClientCommand, Frame, FrameHeaders } from './codec/index.ts'
import { type ClientDestination, parseUserDestination, USER_PREFIX } from './destinations.ts'
import type { ConnectFrame, Hooks } from './hooks.ts'
import type { Presence } from './presence/presence.ts'
import type { Requests } from './requests/requests.ts'
import type { Rights } from './rights.ts'
import type { HandlerFailures } from './routes/failures.ts'
import type { MessageRoute } from './routes/message-routes.ts'
import type { DestinationRouter } from './routes/router.ts'
import type { Sender } from './routes/sender.ts'
import type { SubscribeRoute } from './routes/subscribe-routes.ts'
import type { Application } from './session/host.ts'
import type { StompSession } from './session/stomp-session.ts'
import type { Feed, Subscription } from './session/subscriptions.ts'
import type { MessageHandler } from './session/transactions.ts'
import { userHeaders } from './session/user-headers.ts'
import type { Taps } from './taps.ts'
import type { Users } from './users.ts'

/** The parts of the application. */
export interface Parts {
  readonly broker: Broker
  readonly taps: Taps
  readonly tracing: Tracing
  readonly hooks: Hooks
  readonly rights: Rights
  readonly users: Users
  readonly presence: Presence
  readonly sender: Sender
  readonly requests: Requests
  readonly messages: DestinationRouter<MessageRoute>
  readonly subscribes: DestinationRouter<SubscribeRoute>
  readonly failures: HandlerFailures
}

/** The application above the sessions: rights, hooks that can refuse, and routes. */
export class StompApplication implements Application {
  readonly #parts: Parts

  constructor (parts: Parts) {
    this.#parts = parts
  }

  async checkConnect (session: StompSession, { headers }: Frame<ClientCommand>): Promise<void> {
    await this.#parts.hooks.run('onConnect', connectFrame(headers), session, session.request)
    await this.#parts.rights.checkConnect(session, headers)
  }

  checkSend (session: StompSession, { headers, body }: Frame<ClientCommand>, destination: ClientDestination): void | Promise<void> {
    const { hooks, requests, rights } = this.#parts
    const allowed = requests.owns(destination) ? undefined : rights.checkSend(session, destination, headers)
    if (!hooks.has('preSend')) return allowed
    return Promise.resolve(allowed).then(() => hooks.run('preSend', session, { destination: destination.name, headers: userHeaders(headers), body }))
  }

  checkSubscribe (session: StompSession, { headers }: Frame<ClientCommand>, destination: ClientDestination): void | Promise<void> {
    const { hooks, rights } = this.#parts
    const allowed = rights.checkSubscribe(session, destination, headers)
    if (!hooks.has('onSubscribe')) return allowed
    const ask = ({ name }: ClientDestination): Promise<void> => hooks.run('onSubscribe', session, { id: headers.get('id'), destination: name, headers })
    const asked = Promise.resolve(allowed).then(() => ask(destination))
    const { topic } = destination
    return topic === null ? asked : asked.then(() => ask(topic))
  }

  handlerFor (session: StompSession, destination: ClientDestination): MessageHandler | null {
    const { messages, requests, sender, failures } = this.#parts
    if (destination.owner === 'user') return this.#toUser(destination.name)
    if (requests.owns(destination)) return (answer) => requests.answered(session, answer)
    const match = messages.find(destination.rest)
    return match === null ? null : (message) => match.route.handle(match, session, message, sender, failures)
  }

  #toUser (destination: string): MessageHandler | null {
    const named = parseUserDestination(destination)
    if (named === null) return null
    const { name, rest } = named
    return ({ headers, body }) => this.#parts.sender.forwardToUser({ user: name, destination: USER_PREFIX + rest, headers, body })
  }

  feed (session: StompSession, subscription: Subscription, frame: Frame<ClientCommand>, destination: ClientDestination): Feed | null {
    const { subscribes, failures, presence } = this.#parts
    if (destination.owner === 'presence') return presence.watch(session, subscription, destination)
    const match = subscribes.find(destination.rest)
    return match === null ? null : match.route.start(match, session, subscription, frame, failures)
  }
}

function connectFrame (headers: FrameHeaders): ConnectFrame {
  return {
    headers,
    login: headers.get('login'),
    passcode: headers.get('passcode'),
    authorization: headers.get('authorization') ?? headers.get('Authorization')
  }
}
