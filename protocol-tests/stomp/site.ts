/** What the runner knows of the STOMP server before the first case: told by options, found out by the survey. */
import type { Habits } from '../client/stomp-client.ts'

/** What a server need not have. Each is found out by a probe, or named in `--without`. */
export const features = {
  receipts: 'receipts',
  queues: 'queues that keep messages',
  acknowledgements: 'acknowledgements with redelivery',
  nack: 'NACK',
  transactions: 'transactions',
  authentication: 'logins that can be wrong',
  wildcards: 'subscriptions with wildcards',
  users: 'destinations of users',
  'temp-queues': 'temporary queues with reply-to',
  'dead-letters': 'a queue of dead letters',
  history: 'a history of topics',
  routes: 'the application routes of the demo server'
} as const
export type Feature = keyof typeof features

/** Carriers stand or fall by what they run on. */
export const foundations = { websocket: 'WebSocket', sockjs: 'SockJS', tcp: 'STOMP over TCP' } as const
export type Foundation = keyof typeof foundations

export interface StompOptions {
  /** Where plain STOMP listens, too. */
  readonly tcp?: { readonly host: string, readonly port: number }
  readonly login?: string
  readonly passcode?: string
  /** The `host` header of CONNECT; the URL's host by default. */
  readonly host?: string
  /** Destinations begin with these: `/topic` and `/queue` by default. */
  readonly topic?: string
  readonly queue?: string
  /** Features that are not asked for. */
  readonly without?: readonly Feature[]
  /** Features that the server is known to have: no probe asks, and cases that need them fail where they are broken. */
  readonly assume?: readonly Feature[]
}

export interface StompSite extends Habits {
  readonly tcp: { readonly host: string, readonly port: number } | undefined
  /** `/stomp`, or `/stomp/websocket` where only that is a plain WebSocket. */
  readonly webSocketPath: string
  readonly topic: string
  readonly queue: string
}

/** The endpoint, as the demo server names it. */
export const endpoint = '/stomp'
