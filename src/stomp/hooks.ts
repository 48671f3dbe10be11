import type { FastifyRequest } from 'fastify'
import type { Hints } from '../core/check.ts'
import { isPromise } from '../core/promise.ts'
import { shown, unknownName } from '../core/suggestion.ts'
import type { OutgoingMessage } from './broker/broker.ts'
import type { FrameHeaders } from './codec/index.ts'
import { stompErrors } from './errors.ts'
import type { StompSession } from './session/stomp-session.ts'

/** The CONNECT frame that `onConnect` gets, with all its headers, credentials included. */
export interface ConnectFrame {
  /** All headers, in the spelling of the client. */
  readonly headers: FrameHeaders
  /** The header `login`. */
  readonly login: string | undefined
  /** The header `passcode`. */
  readonly passcode: string | undefined
  /** The header `authorization`, in lower case or in the spelling of HTTP, because header names have a case in STOMP. */
  readonly authorization: string | undefined
}

/** The SUBSCRIBE frame that hooks get. */
export interface SubscriptionInfo {
  /** The id that the client gave. A client of STOMP 1.0 may give none. */
  readonly id: string | undefined
  /** The destination as the client wrote it. */
  readonly destination: string
  /** All headers of SUBSCRIBE. */
  readonly headers: FrameHeaders
}

/** The end of a STOMP session. */
export interface DisconnectInfo {
  /** The close code of the connection. It is 1000 after DISCONNECT. */
  readonly code: number
  /** The reason that goes with the code. */
  readonly reason: string
  /** True when the end was orderly and everything was handed to the connection. */
  readonly clean: boolean
  /** Messages of the transport that were never handed to a connection. */
  readonly undelivered: number
}

/** The hooks, in the order of the life of a session. Hooks that are awaited refuse by throwing. */
export interface StompHooks {
  /** Runs at CONNECT, is awaited, and sets `session.user` and `session.expiresAt`. `request` is the HTTP request under the session, where there is one. */
  onConnect: (frame: ConnectFrame, session: StompSession, request: FastifyRequest | null) => unknown
  /** Runs when CONNECTED is on its way. */
  onConnected: (session: StompSession) => unknown
  /** Runs before a subscription exists, and is awaited. */
  onSubscribe: (session: StompSession, subscription: SubscriptionInfo) => unknown
  /** Runs when the subscription is registered. It gets every later message. */
  onSubscribed: (session: StompSession, subscription: { id: string | undefined, destination: string }) => unknown
  /** Runs when the subscription has ended, by UNSUBSCRIBE or with its session. */
  onUnsubscribe: (session: StompSession, subscription: { id: string | undefined, destination: string }) => unknown
  /** Runs before a SEND of a client goes to a route or to the broker, and is awaited. */
  preSend: (session: StompSession, message: OutgoingMessage) => unknown
  /** Runs when the time of `session.expiresAt` has come, and is awaited. The session goes on if the hook sets a later time. */
  onExpire: (session: StompSession) => unknown
  /** Runs when a client got an ERROR. */
  onError: (session: StompSession, error: unknown) => unknown
  /** Runs exactly once for each session that was connected, at its end. */
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

  /** `failed` gets the errors of hooks that are not awaited. */
  constructor (failed: (error: unknown, hook: HookName) => void) {
    this.#failed = failed
  }

  add<N extends HookName> (name: N, hook: StompHooks[N]): void {
    if (!NAMES.has(name)) throw new stompErrors.InvalidOption('hook', `${String(name)} ${unknownName(String(name), NAMES, HOOK_HINTS)}`)
    if (typeof hook !== 'function') throw new stompErrors.InvalidOption(name, `must be a function, not ${shown(hook)}`)
    const hooks = this.#hooks.get(name)
    if (hooks === undefined) this.#hooks.set(name, [hook])
    else hooks.push(hook)
  }

  has (name: HookName): boolean { return this.#hooks.has(name) }

  /** Runs the hooks one after the other. The first one that throws decides. */
  async run<N extends HookName> (name: N, ...args: Parameters<StompHooks[N]>): Promise<void> {
    for (const hook of this.#hooks.get(name) ?? []) await (hook as (...args: unknown[]) => unknown)(...args)
  }

  /** Calls all hooks, also when one of them throws (SPRING-D15). */
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
