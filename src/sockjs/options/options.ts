import type { FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import type { Clock } from '../../core/clock.ts'
import type { Engine } from '../../engine/engine.ts'
import type { TransportName } from '../protocol/index.ts'
import type { AnySession } from '../session/index.ts'

/** One rule about origins: an expression, or a text in which `*` matches a part of a host or a port. */
export type OriginRule = string | RegExp

/** Decides whether an origin that is not the server's own may connect. */
export type OriginFunction = (origin: string, request: FastifyRequest) => boolean | Promise<boolean>

/** Switches for the transports of an endpoint. */
export interface TransportSwitches {
  /** SockJS over WebSocket, and the raw WebSocket with it. Default `true`. */
  websocket?: boolean
  /** The WebSocket without SockJS framing at `<path>/websocket`. Default: as `websocket`. */
  rawWebsocket?: boolean
  /** SockJS over a streaming XHR. Default `true`. */
  xhrStreaming?: boolean
  /** SockJS over polling with XHR. Default `true`. */
  xhrPolling?: boolean
  /** SockJS over an EventSource. Default `true`. */
  eventsource?: boolean
  /** SockJS over a page in an iframe. Its requests carry no origin. Default: only with `origins: '*'`. */
  htmlfile?: boolean
  /** SockJS over polling with scripts. Its requests carry no origin. Default: only with `origins: '*'`. */
  jsonp?: boolean
  /** The page for the iframe transports. Default: `false` with a list of origins, else `true` (IFRAME-13). */
  iframe?: boolean
}

/** The result of the `session` option. */
export interface SessionSetup<User = unknown, Attributes = Record<string, unknown>> {
  /** The user of the session: `session.user`. Default: the result of the `user` option. */
  user?: User
  /** Values that the application keeps with the session: `session.attributes`. Default `{}`. */
  attributes?: Attributes
}

/** Runs once per session, before it exists. An error that it throws refuses the session, with the status of the error. */
export type SessionFunction<User = unknown, Attributes = Record<string, unknown>> = (request: FastifyRequest) =>
  SessionSetup<User, Attributes> | undefined | void | Promise<SessionSetup<User, Attributes> | undefined | void>

/** The options of sessions, for all endpoints of a registration or for one endpoint. */
export interface SockjsOptions {
  /**
   * The origins of pages that may connect, besides pages of the server's own origin. Default `[]`: no other pages.
   *
   * `'*'`, or `['*']`, accepts and reflects every origin, with credentials, as the protocol demands. Then any page can act for its visitor.
   */
  origins?: '*' | readonly (OriginRule | OriginFunction)[] | OriginFunction
  /** The names, without ports, that may stand in `Host`, against DNS rebinding. Default: any. */
  allowedHosts?: readonly string[]
  /** Switches for the transports. */
  transports?: TransportSwitches
  /** Milliseconds of silence after which a heartbeat goes out. Default 25,000. */
  heartbeat?: number
  /** Milliseconds that a session lives without a receiver. Default 5,000. */
  disconnectDelay?: number
  /** Milliseconds within which a client must answer a ping, or send other data. Default 10,000. */
  pongTimeout?: number
  /** Milliseconds within which a client must read some of the waiting bytes, or the end of a response. Default 10,000. */
  sendTimeout?: number
  /** Milliseconds within which a body must be complete, or it gets 408. Default 30,000. */
  bodyTimeout?: number
  /** Milliseconds that a WebSocket may take to answer a close. Default 3,000. */
  closeTimeout?: number
  /** Bytes of frames after which a streaming response ends. Default 131,072; for eventsource and htmlfile 16 MiB. */
  responseLimit?: number
  /** Bytes of one decoded message from a client. Default 1 MiB. Bodies and WebSocket messages may have four times as much. */
  maxMessageSize?: number
  /** Characters of the ids that a client chooses. Default 128. */
  maxSessionIdLength?: number
  /**
   * Lets clients resume a session whose connection was cut. Default `false`. `true` stands for the defaults.
   *
   * Only clients that ask for it get such sessions: `fastify-sockjs/client`, over websocket, xhr-streaming, eventsource and xhr-polling.
   */
  resume?: boolean | {
    /** Milliseconds that a session lives without a connection. Default 60,000. */
    within?: number
    /** Encoded bytes of a session that the server keeps until its client confirms them. Each message counts 32 bytes more. Default 1 MiB. */
    limit?: number
  }
  /** Limits of the messages that wait for a client, in encoded bytes. */
  queue?: {
    /** The mark above which `send` returns false and iteration pauses. Default 64 KiB. */
    highWater?: number
    /** The hard limit of one session. Default 1 MiB. */
    limit?: number
    /** The action above the limit: the session closes with 1013, or the message is dropped. Default `'close'`. */
    overflow?: 'close' | 'drop'
  }
  /** The sockjs-client of the iframe page, of the version that pages use: a URL, or `'self'` for the package's copy. Default `'self'`. */
  clientUrl?: string
  /** The `base_url` of `/info`: an absolute URL, under which clients then open their transports. */
  baseUrl?: string | ((request: FastifyRequest) => string | undefined | Promise<string | undefined>)
  /** Sets the cookie `JSESSIONID` for load balancers that need one. A function sets its own. Default `false`. */
  sessionCookie?: boolean | ((request: FastifyRequest, reply: FastifyReply) => void | Promise<void>)
  /** Answers CORS requests. Origins are checked in any case. Default `true`. */
  cors?: boolean
  /** Subprotocols of the WebSockets, in order of preference. Default none. */
  protocols?: readonly string[]
  /** Lets raw WebSockets carry bytes too. Default `false`: bytes close the connection with 1003. */
  binary?: boolean
  /** Options of WebSockets. */
  websocket?: {
    /** permessage-deflate: `true`, or the options of `ws` for it. Default `false`. */
    compression?: boolean | Record<string, unknown>
  }
  /** Speaks drafts 75 and 76 of WebSocket too. It needs the package `websocket-driver`, which the application installs. Default `false`. */
  allowDrafts?: boolean
  /** Serves a raw WebSocket at the path of the endpoint too. Default `false`. */
  rawAtBase?: boolean
  /**
   * Answers `GET <path>/doctor` for `npx sockjs-doctor`. Default `false`: 404.
   *
   * The answer has the address, host and scheme that the server saw of that very request, and the times and sizes of the endpoint. The rules
   * about origins apply.
   */
  doctor?: boolean
  /**
   * The share of clients without a WebSocket above which the server warns: above 0, at most 1. Default 0.25. 0 or `false`: no warning.
   *
   * It is computed of 100 clients that asked for `/info`.
   */
  fallbackWarning?: number | false
  /** Runs once per session, before it exists, and returns `{ user, attributes }` or nothing. An error that it throws refuses the session. */
  session?: SessionFunction<unknown, unknown>
  /** Returns the user of a request. It runs for every request of a session. Default `request.user`. */
  user?: (request: FastifyRequest) => unknown
  /**
   * Returns the text that tells one user from another.
   *
   * Default: the user itself if it is a string, else its `id`, `sub`, `name` or `username`. A user with none of these is refused.
   */
  userKey?: (user: unknown) => string
  /** Refuses later requests from an address that is not the address of the first. Default `false`. */
  bindAddress?: boolean
  /** Gets each error that a handler or a listener of the application throws, after the error is logged. */
  onSessionError?: (error: unknown, session: AnySession) => void | Promise<void>
}

/** The options of `app.register(sockjs, …)`: defaults for every endpoint, and the bounds of the process. */
export interface SockjsPluginOptions extends SockjsOptions {
  /** Bytes that may wait in all sessions together. Above it the session with the largest queue closes. Default 1 GiB. */
  maxBufferedBytes?: number
  /** Sessions of all endpoints together. Further sessions get 503. Default 50,000. */
  maxSessions?: number
  /** Sessions without a receiver. Above it further sessions get 503. Default 10,000. */
  maxDetachedSessions?: number
  /** Sessions of one address. Further ones get 503. Default 0: no limit, because behind a proxy all clients have one address. */
  maxSessionsPerAddress?: number
  /**
   * Requests of one address that may wait for the engine at a time. Further ones get 503.
   *
   * The engine is asked for the node of each session that this node does not know. The option counts only with `engine`. Default 1,000. 0: no limit, if all clients have the address of one proxy.
   */
  maxLookupsPerAddress?: number
  /** Milliseconds that `app.close()` gives the clients to read their close frames. Default 3,000. */
  drainTimeout?: number
  /**
   * Milliseconds between two lines in the log with the numbers of all endpoints and of STOMP. Default 1,800,000: half an hour. 0 turns them off.
   *
   * A line comes at level `info`, and only if there was a session since the last one.
   */
  statsInterval?: number
  /**
   * The messaging system that connects this process with the other nodes, so that any node serves any session: `natsEngine()`,
   * `redisEngine()` or `hubEngine()`. Default none: the process is alone.
   */
  engine?: Engine
  /** The name of this node, for people: 1 to 64 letters, digits, dots, `_` and `-`. It needs `engine`. Default: a random one. */
  node?: string
  /** The source of time. Tests give a `ManualClock`. */
  clock?: Clock
}

/** Route options of Fastify that an endpoint may have too. */
type RouteHooks = Pick<RouteShorthandOptions, 'onRequest' | 'preParsing' | 'preValidation' | 'preHandler' | 'onSend' |
  'onResponse' | 'onTimeout' | 'onError' | 'onRequestAbort' | 'config' | 'constraints' | 'logLevel'>

/** The options of one endpoint. */
export interface EndpointOptions extends SockjsOptions, RouteHooks {}

/** Every option with its value. */
export interface ResolvedOptions extends Required<Omit<SockjsOptions,
  'transports' | 'queue' | 'resume' | 'websocket' | 'allowedHosts' | 'baseUrl' | 'session' | 'onSessionError' | 'responseLimit'>> {
  readonly transports: Required<TransportSwitches>
  readonly queue: { readonly highWater: number, readonly limit: number, readonly overflow: 'close' | 'drop' }
  readonly resume: { readonly within: number, readonly limit: number } | false
  readonly websocket: { readonly compression: boolean | Record<string, unknown> }
  readonly responseLimit: number | undefined
  readonly allowedHosts: readonly string[] | undefined
  readonly baseUrl: SockjsOptions['baseUrl']
  readonly session: SockjsOptions['session']
  readonly onSessionError: SockjsOptions['onSessionError']
}

/** The bounds of the process, with their values. */
export type ProcessLimits = Required<Pick<SockjsPluginOptions,
  'maxBufferedBytes' | 'maxSessions' | 'maxDetachedSessions' | 'maxSessionsPerAddress' | 'maxLookupsPerAddress' | 'drainTimeout' | 'statsInterval'>>

export const DEFAULTS = {
  heartbeat: 25_000,
  disconnectDelay: 5_000,
  pongTimeout: 10_000,
  sendTimeout: 10_000,
  bodyTimeout: 30_000,
  closeTimeout: 3_000,
  maxMessageSize: 1024 * 1024,
  maxSessionIdLength: 128,
  fallbackWarning: 0.25,
  queue: { highWater: 64 * 1024, limit: 1024 * 1024, overflow: 'close' },
  resume: { within: 60_000, limit: 1024 * 1024 },
  responseLimit: { 'xhr-streaming': 128 * 1024, eventsource: 16 * 1024 * 1024, htmlfile: 16 * 1024 * 1024 },
  maxBufferedBytes: 1024 ** 3,
  maxSessions: 50_000,
  maxDetachedSessions: 10_000,
  maxSessionsPerAddress: 0,
  maxLookupsPerAddress: 1_000,
  drainTimeout: 3_000,
  statsInterval: 30 * 60_000
} as const

/** Returns the bytes of frames after which a response of a transport ends (XHR-STREAM-7). */
export function responseLimitOf ({ responseLimit }: ResolvedOptions, transport: TransportName): number {
  return responseLimit ?? (DEFAULTS.responseLimit as Partial<Record<TransportName, number>>)[transport] ?? Infinity
}

/** The number of times that a body or a WebSocket message may be larger than one message. */
export const BODY_FACTOR = 4

/** The speed and the code of `app.sockjs.drain()`. */
export interface DrainOptions {
  /** The share of the sessions that closes in each second: above 0, at most 1. Default 0.05. */
  readonly rate?: number
  /** Milliseconds after which all remaining sessions close at once. Default 30,000. */
  readonly deadline?: number
  /** Milliseconds before the first session closes. Load balancers see the health check in this time; new sessions still open. Default 0. */
  readonly delay?: number
  /** The code that the clients get: 1001, the server goes away; 1012, it restarts. Default 1001. */
  readonly code?: 1001 | 1012
}

export const DRAIN_DEFAULTS: Required<DrainOptions> = { rate: 0.05, deadline: 30_000, delay: 0, code: 1001 }
