import { defined } from '../core/check.ts'
import type { EndpointOptions } from '../sockjs/options/options.ts'
import type { AsyncApiPluginOptions } from './asyncapi/index.ts'
import type { Broker } from './broker/broker.ts'
import { DEFAULT_LIMITS } from './codec/index.ts'
import { isUserDestination, USER_PREFIX } from './destinations.ts'
import { stompErrors } from './errors.ts'
import type { PresenceOptions } from './presence/options.ts'
import type { Rule } from './rules.ts'
import type { RateOptions } from './session/rate.ts'
import type { HeartBeatOptions, SessionSettings, StompLimits } from './session/settings.ts'

/** The bounds of a STOMP session. Sizes are in octets, times in milliseconds. A client that breaks one gets an ERROR, and the session closes. */
export interface StompLimitOptions {
  /** The command line. Default 32. */
  command?: number
  /** The number of headers of a frame. Default 64. */
  headers?: number
  /** One header line. Default 8 KiB. */
  headerLine?: number
  /** The command and all header lines of a frame. Default 32 KiB. */
  head?: number
  /** The body of a frame. Default 64 KiB. */
  body?: number
  /** A whole frame before CONNECTED. Default 8 KiB. */
  connectFrame?: number
  /** The number of subscriptions of a session. Default 128. */
  subscriptions?: number
  /** A destination. Default 255. */
  destination?: number
  /** The number of open transactions of a session. Default 16. */
  transactions?: number
  /** The number of frames in a transaction. Default 1,000. */
  transactionFrames?: number
  /** The size of the frames in a transaction, heads and bodies. Default 1 MiB. */
  transactionBytes?: number
  /** The number of messages that wait for their ACK. Default 1,000. */
  unacknowledged?: number
  /** The number of streams of answers that the message routes of a session send at a time. Default 128. */
  streams?: number
  /** The number of empty lines in one second. Default 1,000. */
  eols?: number
  /** The time within which CONNECT must come. Default 10,000. */
  connectTimeout?: number
  /** The octets that are read ahead while a frame is being handled. Default 64 KiB. */
  pending?: number
}

/** The options of `app.register(stomp, options)`. */
export interface StompPluginOptions {
  /** The path at which clients connect, SockJS and plain WebSocket alike, or several paths. */
  path: string | readonly string[]
  /** The prefix of the destinations of the application, or several prefixes. Default `/app`. */
  applicationPrefix?: string | readonly string[]
  /** The broker of all other destinations, such as a relay. Default `clusterBroker()` if the SockJS server has an engine, else `memoryBroker()`. */
  broker?: Broker
  /** The options of the SockJS endpoints: origins, hooks, `session`, sizes. */
  endpoint?: EndpointOptions
  /** The rules that allow clients to connect, to subscribe and to send. Where there are rules, everything else is refused. */
  rules?: readonly Rule[]
  /** The topics whose subscribers clients may watch: a subscriber of `/topic/$presence/rooms/7` learns which users subscribe to `/topic/rooms/7`. Default: none. */
  presence?: readonly PresenceOptions[]
  /** The document of the API in AsyncAPI, and the path at which it is served with its page. Default: `app.stomp.asyncapi()` makes it when it gets the facts. */
  asyncapi?: AsyncApiPluginOptions
  /** The bounds of a session. */
  limits?: StompLimitOptions
  /** The heart-beats that the server offers, and the silence that it allows (STOMP-H1). */
  heartBeat?: {
    /** The fixed intervals to offer, in milliseconds. Default: those of the client, at least `minimum`. */
    offer?: readonly [outgoing: number, incoming: number]
    /** The least interval, in milliseconds. Default 1,000. */
    minimum?: number
    /** The number of silent intervals that ends a session. Default 2. */
    tolerance?: number
    /** The least silence that ends a session whose interval is 10 s or more, for throttled browser tabs. Default 60,000. */
    toleranceFloor?: number
  }
  /** The destinations to which clients may send: `'any'`, or only those of the application. Default `'any'`. */
  clientSend?: 'any' | 'application-only'
  /** The virtual hosts of which CONNECT must name one. Default: CONNECT may name any host, or none. */
  hosts?: readonly string[]
  /** The moment at which frames in a transaction get their receipts. Default `'commit'`. */
  transactionReceipts?: 'commit' | 'immediate'
  /** The bound of SENDs and SUBSCRIBEs of each user, over all of its sessions. An anonymous session counts by itself. Default: none. */
  rate?: {
    /** The number of frames in a second, on average. */
    perSecond: number
    /** The number of frames at once. Default: the frames of two seconds. */
    burst?: number
  }
  /** The kind of WebSocket messages that carry frames. `'auto'` decides by the body and the client. Default `'auto'`. */
  messages?: 'auto' | 'text' | 'binary'
  /** Refuses WebSockets that offer subprotocols but none of STOMP. Default `false`. */
  strictSubprotocol?: boolean
  /** Listens for STOMP over TCP, too. Default: the server does not. */
  tcp?: {
    /** The port. For 0 the system picks one, which `app.stomp.tcpPort` tells. */
    readonly port: number
    /** The address. Default `127.0.0.1`. */
    readonly host?: string
  }
}

/** The options of a server that has its broker. */
export type StompServerOptions = StompPluginOptions & { readonly broker: Broker }

const LIMITS: StompLimits = {
  ...DEFAULT_LIMITS,
  subscriptions: 128,
  destination: 255,
  transactions: 16,
  transactionFrames: 1000,
  transactionBytes: 1024 * 1024,
  unacknowledged: 1000,
  streams: 128,
  eols: 1000,
  connectTimeout: 10_000,
  pending: 64 * 1024
}

/** The options with their values. */
export interface ResolvedStompOptions {
  readonly paths: readonly string[]
  readonly prefixes: readonly string[]
  readonly rate: RateOptions | null
  readonly clientSend: 'any' | 'application-only'
  readonly settings: SessionSettings
}

function listOf (value: string | readonly string[]): readonly string[] {
  return [value].flat()
}

function resolveHeartBeat ({ offer, ...given }: NonNullable<StompPluginOptions['heartBeat']> = {}): HeartBeatOptions {
  return { fixed: offer ?? null, minimum: 1000, tolerance: 2, toleranceFloor: 60_000, ...defined(given) }
}

function resolveRate (given: StompPluginOptions['rate']): RateOptions | null {
  return given === undefined ? null : { burst: Math.ceil(2 * given.perSecond), ...defined(given) }
}

/**
 * Fills in the defaults of options that were checked.
 *
 * @throws FST_STOMP_PREFIX_CONFLICT
 */
export function resolveStompOptions (options: StompServerOptions): ResolvedStompOptions {
  const prefixes = listOf(options.applicationPrefix ?? '/app')
  checkPrefixes(prefixes, options.broker)
  const { hosts } = options
  return {
    paths: listOf(options.path),
    prefixes,
    rate: resolveRate(options.rate),
    clientSend: options.clientSend ?? 'any',
    settings: {
      limits: { ...LIMITS, ...defined(options.limits ?? {}) },
      heartBeat: resolveHeartBeat(options.heartBeat),
      hosts: hosts === undefined ? null : new Set(hosts),
      transactionReceipts: options.transactionReceipts ?? 'commit',
      messages: options.messages ?? 'auto'
    }
  }
}

/** Checks that a destination has one owner. */
function checkPrefixes (prefixes: readonly string[], broker: Broker): void {
  prefixes.forEach((prefix, i) => {
    const other = prefixes.find((each, k) => k !== i && (each + '/').startsWith(prefix + '/'))
    if (other !== undefined) throw new stompErrors.PrefixConflict(prefix, other)
    if (isUserDestination(prefix + '/')) throw new stompErrors.PrefixConflict(prefix, USER_PREFIX)
    if (broker.accepts(prefix + '/x', 'send')) throw new stompErrors.PrefixConflict(prefix, 'a prefix of the broker')
  })
}
