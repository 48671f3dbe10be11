import type { FastifyRequest } from 'fastify'
import type { Hints } from '../core/check.ts'
import { isPromise } from '../core/promise.ts'
import { unknownName } from '../core/suggestion.ts'
import type { OutgoingMessage } from './broker/broker.ts'
import type { FrameHeaders } from './codec/index.ts'
import { stompErrors } from './errors.ts'
import type { StompSession } from './session/stomp-session.ts'

/** CONNECT, as `onConnect` sees it: with all its headers, credentials included. */
export interface ConnectFrame {
  /** All headers, in the spelling of the client. */
  readonly headers: FrameHeaders
  /** The header `login`. */
  readonly login: string | undefined
  /** The header `passcode`. */
  readonly passcode: string | undefined
  /** Header names have a case in STOMP: this is the header in the spelling of HTTP or in lower case. */
  readonly authorization: string | undefined
}

/** SUBSCRIBE or a subscription, as hooks see it. */
export interface SubscriptionInfo {
  /** The id that the client gave it; a client of STOMP 1.0 may give none. */
  readonly id: string | undefined
  /** As the client wrote it. */
  readonly destination: string
  /** All headers of SUBSCRIBE. */
  readonly headers: FrameHeaders
}

/** How a STOMP session ended. */
export interface DisconnectInfo {
  /** The close code of the connection; 1000 after DISCONNECT. */
  readonly code: number
  /** The reason that goes with the code. */
  readonly reason: string
  /** Whether the end was orderly and everything was handed to the connection. */
  readonly clean: boolean
  /** Messages of the transport that were never handed to a connection. */
  readonly undelivered: number
}

/** What can be hooked, in the order of a session's life. Hooks that are awaited refuse by throwing. */
export interface StompHooks {
  /** Awaited. Sets `session.user` and `session.expiresAt`; `request` is the HTTP request under the session, where there is one. */
  onConnect: (frame: ConnectFrame, session: StompSession, request: FastifyRequest | null) => unknown
  /** CONNECTED is on its way. */
  onConnected: (session: StompSession) => unknown
  /** Awaited, before a subscription exists. */
  onSubscribe: (session: StompSession, subscription: SubscriptionInfo) => unknown
  /** The subscription is registered: messages from now on reach it. */
  onSubscribed: (session: StompSession, subscription: { id: string | undefined, destination: string }) => unknown
  /** The subscription has ended, by UNSUBSCRIBE or with its session. */
  onUnsubscribe: (session: StompSession, subscription: { id: string | undefined, destination: string }) => unknown
  /** Awaited, before a SEND of a client goes to a route or to the broker. */
  preSend: (session: StompSession, message: OutgoingMessage) => unknown
  /** Awaited. The time of `session.expiresAt` has come: set a later one to go on. */
  onExpire: (session: StompSession) => unknown
  /** A client got an ERROR. */
  onError: (session: StompSession, error: unknown) => unknown
  /** Exactly once for each session that was connected. */
  onDisconnect: (session: StompSession, info: DisconnectInfo) => unknown
}

/** The names of the hooks. */
export type HookName = keyof StompHooks

const NAMES: ReadonlySet<string> = new Set<HookName>(['onConnect', 'onConnected', 'onSubscribe', 'onSubscribed', 'onUnsubscribe',
  'preSend', 'onExpire', 'onError', 'onDisconnect'])

const HOOK_HINTS: Hints = {
  onRequest: 'hooks of HTTP are added by app.addHook()',
  onSend: 'write preSend for messages of clients',
  onMessage: 'write preSend',
  preHandler: 'write preSend, or the option preHandler of a route',
  preSubscribe: 'write onSubscribe',
  onClose: 'write onDisconnect'
}

/** The hooks of one registration. */
export class Hooks {
  readonly #hooks = new Map<HookName, ((...args: never[]) => unknown)[]>()
  readonly #failed: (error: unknown, hook: HookName) => void

  /** `failed` gets what a hook throws that nobody waits for. */
  constructor (failed: (error: unknown, hook: HookName) => void) {
    this.#failed = failed
  }

  add<N extends HookName> (name: N, hook: StompHooks[N]): void {
    if (!NAMES.has(name)) throw new stompErrors.InvalidOption('hook', `${String(name)} ${unknownName(String(name), NAMES, HOOK_HINTS)}`)
    if (typeof hook !== 'function') throw new stompErrors.InvalidOption(name, 'must be a function')
    const hooks = this.#hooks.get(name)
    if (hooks === undefined) this.#hooks.set(name, [hook])
    else hooks.push(hook)
  }

  has (name: HookName): boolean { return this.#hooks.has(name) }

  /** One after the other; the first that throws decides. */
  async run<N extends HookName> (name: N, ...args: Parameters<StompHooks[N]>): Promise<void> {
    for (const hook of this.#hooks.get(name) ?? []) await (hook as (...args: unknown[]) => unknown)(...args)
  }

  /** All of them, whatever one of them throws (SPRING-D15). */
  tell<N extends HookName> (name: N, ...args: Parameters<StompHooks[N]>): void {
    for (const hook of this.#hooks.get(name) ?? []) {
      try {
        const result = (hook as (...args: unknown[]) => unknown)(...args)
        if (isPromise(result)) result.then(undefined, (error: unknown) => this.#failed(error, name))
      } catch (error) {
        this.#failed(error, name)
      }
    }
  }
}
