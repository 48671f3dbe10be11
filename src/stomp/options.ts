import type { EndpointOptions } from '../sockjs/options/options.ts'
import type { Broker } from './broker/broker.ts'
import { DEFAULT_LIMITS } from './codec/index.ts'
import { stompErrors } from './errors.ts'
import type { Rule } from './rules.ts'
import type { RateOptions } from './session/rate.ts'
import type { HeartBeatOptions, SessionSettings, StompLimits } from './session/settings.ts'

/** What bounds a STOMP session. Sizes in octets, times in milliseconds; breaking one is an ERROR that says which, then the close. */
export interface StompLimitOptions {
  /** The command line. Default 32. */
  command?: number
  /** Headers of a frame. Default 64. */
  headers?: number
  /** One header line. Default 8 KiB. */
  headerLine?: number
  /** All header lines of a frame. Default 32 KiB. */
  head?: number
  /** The body of a frame. Default 64 KiB. */
  body?: number
  /** A whole frame before CONNECTED. Default 8 KiB. */
  connectFrame?: number
  /** Subscriptions of a session. Default 128. */
  subscriptions?: number
  /** A destination. Default 255. */
  destination?: number
  /** Open transactions of a session. Default 16. */
  transactions?: number
  /** Frames in a transaction. Default 1,000. */
  transactionFrames?: number
  /** Bodies in a transaction. Default 1 MiB. */
  transactionBytes?: number
  /** Messages that wait for their ACK. Default 1,000. */
  unacknowledged?: number
  /** Streams of answers that the message routes of a session send at a time. Default 128. */
  streams?: number
  /** Empty lines in one second. Default 1,000. */
  eols?: number
  /** Until CONNECT must have come. Default 10,000. */
  connectTimeout?: number
  /** What is read ahead while a frame is being handled. Default 64 KiB. */
  pending?: number
}

/** The options of `app.register(stomp, options)`. */
export interface StompPluginOptions {
  /** Where clients connect: SockJS and plain WebSocket alike. One path or several. */
  path: string | readonly string[]
  /** What destinations of the application's own begin with. Default `/app`. */
  applicationPrefix?: string | readonly string[]
  /** Where all other destinations go: `memoryBroker()`, or a relay. */
  broker: Broker
  /** The options of the SockJS endpoints: origins, hooks, `session`, sizes. */
  endpoint?: EndpointOptions
  /** Who may connect, subscribe, send; once there are rules, everything else is refused. */
  rules?: readonly Rule[]
  /** The bounds of a session. */
  limits?: StompLimitOptions
  /** Which heart-beats are offered, and how long silence may last (STOMP-H1). */
  heartBeat?: {
    /** Fixed intervals to offer, in milliseconds. Default: what the client asks for, at least `minimum`. */
    offer?: readonly [outgoing: number, incoming: number]
    /** Default 1,000. */
    minimum?: number
    /** How many intervals of silence end a session. Default 2. */
    tolerance?: number
    /** The least silence that ends a session whose interval is 10 s or more, for throttled browser tabs. Default 60,000. */
    toleranceFloor?: number
  }
  /** Whether clients may send to the broker's destinations themselves. Default `'any'`. */
  clientSend?: 'any' | 'application-only'
  /** Virtual hosts that CONNECT must name. Default: any, or none. */
  hosts?: readonly string[]
  /** When frames in a transaction get their receipts. Default `'commit'`. */
  transactionReceipts?: 'commit' | 'immediate'
  /** How many SENDs and SUBSCRIBEs each user may make, over all of its sessions; an anonymous session counts by itself. Default: any number. */
  rate?: {
    /** In a second, on average. */
    perSecond: number
    /** At once. Default: those of two seconds. */
    burst?: number
  }
  /** Which WebSocket messages carry frames: by body and client, or always the same. Default `'auto'`. */
  messages?: 'auto' | 'text' | 'binary'
  /** Refuses WebSockets that offer subprotocols but none of STOMP. Default `false`. */
  strictSubprotocol?: boolean
  /** Also listens for STOMP over TCP. Default: not. */
  tcp?: {
    /** The port; 0 lets the system pick one, which `app.stomp.tcpPort` tells. */
    readonly port: number
    /** The address. Default `127.0.0.1`. */
    readonly host?: string
  }
}

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

/** The options that are set, over their defaults. */
function over<T extends object> (defaults: T, given: object = {}): T {
  return { ...defaults, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) }
}

function resolveHeartBeat ({ offer, ...given }: NonNullable<StompPluginOptions['heartBeat']> = {}): HeartBeatOptions {
  return over<HeartBeatOptions>({ fixed: offer ?? null, minimum: 1000, tolerance: 2, toleranceFloor: 60_000 }, given)
}

function resolveRate (given: StompPluginOptions['rate']): RateOptions | null {
  return given === undefined ? null : over({ perSecond: given.perSecond, burst: Math.ceil(2 * given.perSecond) }, given)
}

/**
 * Fills in the defaults of options that were checked.
 *
 * @throws FST_STOMP_PREFIX_CONFLICT
 */
export function resolveStompOptions (options: StompPluginOptions): ResolvedStompOptions {
  const prefixes = listOf(options.applicationPrefix ?? '/app')
  checkPrefixes(prefixes, options.broker)
  const { hosts } = options
  return {
    paths: listOf(options.path),
    prefixes,
    rate: resolveRate(options.rate),
    clientSend: options.clientSend ?? 'any',
    settings: {
      limits: over(LIMITS, options.limits),
      heartBeat: resolveHeartBeat(options.heartBeat),
      hosts: hosts === undefined ? null : new Set(hosts),
      transactionReceipts: options.transactionReceipts ?? 'commit',
      messages: options.messages ?? 'auto'
    }
  }
}

/** A destination must have one owner. */
function checkPrefixes (prefixes: readonly string[], broker: Broker): void {
  prefixes.forEach((prefix, i) => {
    const other = prefixes.find((each, k) => k !== i && (each + '/').startsWith(prefix + '/'))
    if (other !== undefined) throw new stompErrors.PrefixConflict(prefix, other)
    if (prefix === '/user' || prefix.startsWith('/user/')) throw new stompErrors.PrefixConflict(prefix, '/user')
    if (broker.accepts(prefix + '/x', 'send')) throw new stompErrors.PrefixConflict(prefix, 'a prefix of the broker')
  })
}
