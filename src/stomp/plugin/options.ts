import type { EndpointOptions } from '../../plugin/options.ts'
import type { Rule } from '../application/rules.ts'
import type { Broker } from '../broker/broker.ts'
import { DEFAULT_LIMITS } from '../codec/index.ts'
import { stompErrors } from '../errors.ts'
import type { HeartBeatOptions, StompHost, StompLimits } from '../session/host.ts'
import type { RateOptions } from '../session/rate.ts'

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
  eols: 1000,
  connectTimeout: 10_000,
  pending: 64 * 1024
}

const KNOWN: ReadonlySet<string> = new Set<keyof StompPluginOptions>(['path', 'applicationPrefix', 'broker', 'endpoint', 'rules', 'limits', 'heartBeat',
  'clientSend', 'hosts', 'rate', 'transactionReceipts', 'messages', 'strictSubprotocol', 'tcp'])

/** Options with their values. */
export interface ResolvedStompOptions {
  readonly paths: readonly string[]
  readonly prefixes: readonly string[]
  readonly limits: StompLimits
  readonly heartBeat: HeartBeatOptions
  readonly hosts: ReadonlySet<string> | null
  readonly rate: RateOptions | null
  readonly clientSend: 'any' | 'application-only'
  readonly transactionReceipts: StompHost['transactionReceipts']
  readonly messages: StompHost['messages']
}

function invalid (name: string, problem: string): Error {
  return new stompErrors.InvalidOption(name, problem)
}

function oneOf<T extends string> (name: string, value: T | undefined, ...values: readonly T[]): T {
  if (value === undefined) return values[0]!
  if (!values.includes(value)) throw invalid(name, `must be one of ${values.join(', ')}`)
  return value
}

function paths (name: string, value: string | readonly string[] | undefined): readonly string[] {
  const list = value === undefined ? [] : [value].flat()
  if (list.length === 0) throw invalid(name, 'must name at least one path')
  for (const path of list) {
    if (typeof path !== 'string' || !/^\/[^\s*:?#%]*[^\s*:?#%/]$/.test(path)) throw invalid(name, 'must be text that begins with / and does not end with it')
  }
  return list
}

function resolveLimits (given: StompLimitOptions = {}): StompLimits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(LIMITS, name)) throw invalid(`limits.${name}`, 'is not known')
    if (value !== undefined && (!Number.isInteger(value) || value < 1)) throw invalid(`limits.${name}`, 'must be an integer of at least 1')
  }
  return { ...LIMITS, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) }
}

const HEART_BEAT_OPTIONS: ReadonlySet<string> = new Set<keyof NonNullable<StompPluginOptions['heartBeat']>>(['offer', 'minimum', 'tolerance', 'toleranceFloor'])

function resolveHeartBeat (given: NonNullable<StompPluginOptions['heartBeat']> = {}): HeartBeatOptions {
  const unknown = Object.keys(given).find((name) => !HEART_BEAT_OPTIONS.has(name))
  if (unknown !== undefined) throw invalid(`heartBeat.${unknown}`, 'is not known')
  const { offer, minimum = 1000, tolerance = 2, toleranceFloor = 60_000 } = given
  const natural = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0
  if (offer !== undefined && !(Array.isArray(offer) && offer.length === 2 && offer.every(natural))) throw invalid('heartBeat.offer', 'must be two non-negative integers')
  if (!natural(minimum)) throw invalid('heartBeat.minimum', 'must be a non-negative integer')
  if (typeof tolerance !== 'number' || !(tolerance >= 1)) throw invalid('heartBeat.tolerance', 'must be a number of at least 1')
  if (!natural(toleranceFloor)) throw invalid('heartBeat.toleranceFloor', 'must be a non-negative integer')
  return { fixed: offer ?? null, minimum, tolerance, toleranceFloor }
}

function resolveRate (given: StompPluginOptions['rate']): RateOptions | null {
  if (given === undefined) return null
  const { perSecond, burst = Math.ceil(2 * perSecond), ...unknown } = given
  if (Object.keys(unknown).length > 0) throw invalid(`rate.${Object.keys(unknown)[0]}`, 'is not known')
  if (!(Number.isFinite(perSecond) && perSecond > 0)) throw invalid('rate.perSecond', 'must be a number above 0')
  if (!(Number.isInteger(burst) && burst >= 1)) throw invalid('rate.burst', 'must be an integer of at least 1')
  return { perSecond, burst }
}

/** @throws FST_STOMP_INVALID_OPTION, FST_STOMP_PREFIX_CONFLICT */
export function resolveStompOptions (options: StompPluginOptions): ResolvedStompOptions {
  for (const name of Object.keys(options)) if (!KNOWN.has(name) && name !== 'prefix') throw invalid(name, 'is not known')
  if (typeof options.broker?.connect !== 'function') throw invalid('broker', 'must be a broker, memoryBroker() for one')
  const prefixes = paths('applicationPrefix', options.applicationPrefix ?? '/app')
  checkPrefixes(prefixes, options.broker)
  const { tcp, hosts, strictSubprotocol } = options
  if (tcp?.host !== undefined && typeof tcp.host !== 'string') throw invalid('tcp.host', 'must be an address')
  if (hosts !== undefined && !(Array.isArray(hosts) && hosts.every((host) => typeof host === 'string'))) throw invalid('hosts', 'must be a list of names')
  if (strictSubprotocol !== undefined && typeof strictSubprotocol !== 'boolean') throw invalid('strictSubprotocol', 'must be true or false')
  if (tcp !== undefined && !(Number.isInteger(tcp.port) && tcp.port >= 0 && tcp.port < 65536)) throw invalid('tcp.port', 'must be a port')
  return {
    paths: paths('path', options.path),
    prefixes,
    limits: resolveLimits(options.limits),
    heartBeat: resolveHeartBeat(options.heartBeat),
    hosts: hosts === undefined ? null : new Set(hosts),
    rate: resolveRate(options.rate),
    clientSend: oneOf('clientSend', options.clientSend, 'any', 'application-only'),
    transactionReceipts: oneOf('transactionReceipts', options.transactionReceipts, 'commit', 'immediate'),
    messages: oneOf('messages', options.messages, 'auto', 'text', 'binary')
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
