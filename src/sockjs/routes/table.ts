import type { ResolvedOptions, TransportSwitches } from '../options/options.ts'
import type { RouteName } from '../protocol/index.ts'

/** One URL of the protocol: its methods, the condition of its existence, and its checks. */
export interface RouteSpec {
  /** The methods, in the order of `Allow`. */
  readonly methods: readonly string[]
  /** The switches of `transports` of which one must be on, or `null` if the URL needs none. */
  readonly transport: keyof TransportSwitches | readonly (keyof TransportSwitches)[] | null
  /** The option that must be on besides. */
  readonly option?: 'doctor'
  /** The check of the origin of a request (SEC-S38). */
  readonly origin: 'checked' | 'checked if present' | 'open'
  /** Sets the cookie of `sessionCookie` (COOKIE-2, COOKIE-4). */
  readonly cookie: boolean
}

/** The routes to which clients send a body (XHR-SEND-1, JSONP-3). */
export const UPSTREAM: ReadonlySet<RouteName> = new Set<RouteName>(['xhr_send', 'jsonp_send'])

/** The routes below the prefix of an endpoint. */
export const ROUTES: Readonly<Record<RouteName, RouteSpec>> = {
  greeting: { methods: ['GET', 'HEAD'], transport: null, origin: 'open', cookie: false },
  info: { methods: ['GET', 'HEAD', 'OPTIONS'], transport: null, origin: 'checked', cookie: false },
  doctor: { methods: ['GET', 'HEAD', 'OPTIONS'], transport: null, option: 'doctor', origin: 'checked', cookie: false },
  iframe: { methods: ['GET', 'HEAD'], transport: 'iframe', origin: 'open', cookie: false },
  client: { methods: ['GET', 'HEAD'], transport: null, origin: 'open', cookie: false },
  rawWebsocket: { methods: ['GET'], transport: 'rawWebsocket', origin: 'checked', cookie: false },
  websocket: { methods: ['GET'], transport: 'websocket', origin: 'checked', cookie: false },
  xhr: { methods: ['POST', 'OPTIONS'], transport: 'xhrPolling', origin: 'checked', cookie: true },
  xhr_streaming: { methods: ['POST', 'OPTIONS'], transport: 'xhrStreaming', origin: 'checked', cookie: true },
  xhr_send: { methods: ['POST', 'OPTIONS'], transport: ['xhrPolling', 'xhrStreaming', 'eventsource', 'htmlfile'], origin: 'checked', cookie: true },
  eventsource: { methods: ['GET', 'OPTIONS'], transport: 'eventsource', origin: 'checked', cookie: true },
  htmlfile: { methods: ['GET'], transport: 'htmlfile', origin: 'checked if present', cookie: true },
  jsonp: { methods: ['GET'], transport: 'jsonp', origin: 'checked if present', cookie: true },
  jsonp_send: { methods: ['POST'], transport: 'jsonp', origin: 'checked if present', cookie: true }
}

export function isServed ({ transport, option }: RouteSpec, options: ResolvedOptions): boolean {
  if (option !== undefined && !options[option]) return false
  if (transport === null) return true
  return typeof transport === 'string'
    ? options.transports[transport]
    : transport.some((name) => options.transports[name])
}
