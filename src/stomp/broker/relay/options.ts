import type { ConnectionOptions } from 'node:tls'
import { type Check, checkOptions, count, defined, either, expected, func, type Hints, integer, list, milliseconds, oneOf, plainObject, text, twoIntervals } from '../../../core/check.ts'
import { type DestinationRules, prefixes } from '../../destinations.ts'
import { stompErrors } from '../../errors.ts'
import type { BrokerClient } from '../broker.ts'
import type { BrokerDialect } from './dialects/dialect.ts'
import { plain } from './dialects/plain.ts'
import type { Backoff, Credentials, LinkSettings } from './link/link.ts'
import { parseServer, type ServerAddress } from './link/servers.ts'

/** The credentials of a connection to the broker. */
export interface RelayCredentials {
  /** The login. `guest` by default. */
  readonly login?: string
  /** The passcode. `guest` by default. */
  readonly passcode?: string
  /** The virtual host. That of `virtualHost` by default. */
  readonly host?: string
}

/** The options of `relayBroker()`. Times are in milliseconds, and sizes in octets. */
export interface RelayBrokerOptions {
  /** The servers of the broker: `tcp://host:61613`, `tls://host:61614`. Several are tried in order, the one that worked last first. */
  readonly servers: string | readonly string[]
  /** The kind of broker: `rabbitmq()`, `activemq()`, or a dialect of your own. By default the broker names destinations as this package does. */
  readonly dialect?: BrokerDialect
  /**
   * `per-client` gives each session a connection of its own. It is the default. With `shared`, topics without acknowledgements
   * and the messages of clients go over one connection for all, and other subscriptions still get a connection of their own.
   */
  readonly mode?: 'per-client' | 'shared'
  /** The shared connections, in mode `shared`. 1 by default. */
  readonly connections?: number
  /** The header `host` of CONNECT. `/` by default. With the empty string there is no such header. */
  readonly virtualHost?: string
  /** The credentials of the application's own connections. `guest` and `guest` by default. */
  readonly system?: RelayCredentials
  /**
   * The credentials of the connections of clients, or a function that returns them for a session. Those of `system` by default.
   * The credentials that a client sends never reach the broker.
   */
  readonly client?: RelayCredentials | ((client: BrokerClient) => RelayCredentials | Promise<RelayCredentials>)
  /** The options of `tls.connect` for servers with `tls://`. */
  readonly tls?: ConnectionOptions
  /** The prefixes of the destinations that the broker serves. `/topic` and `/queue` by default. */
  readonly prefixes?: readonly string[]
  /** The privileged headers of the broker, such as `persistent`, `durable` or `selector`, that clients may set. None by default. */
  readonly allowHeaders?: readonly string[]
  /** The heart-beats that the relay offers to the broker. `[10_000, 10_000]` by default. */
  readonly heartBeat?: readonly [outgoing: number, incoming: number]
  /** The time from the first packet to CONNECTED, for each server. 10,000 by default. */
  readonly connectTimeout?: number
  /** The time in which the broker must confirm a frame. 30,000 by default. */
  readonly receiptTimeout?: number
  /** The time after which an unconfirmed frame makes the broker `blocked`. 2,000 by default. */
  readonly blockedAfter?: number
  /** The time in which the broker must confirm DISCONNECT. 3,000 by default. */
  readonly closeTimeout?: number
  /** The waits between attempts to connect. By default they double from 500 to 30,000, and half of each is left to chance. */
  readonly reconnect?: Partial<Backoff>
  /** The most connections that are being made at a time. 50 by default. */
  readonly maxConnecting?: number
  /** The most messages of the application that wait for the broker. 1,000 by default. */
  readonly maxOutbox?: number
  /** The time that a message of the application waits for a broker that is away. 10,000 by default. */
  readonly outboxTimeout?: number
  /** The unsent octets above which a client is held back. 64 KiB by default. */
  readonly highWater?: number
  /** The unsent octets above which a connection is given up. 16 MiB by default. */
  readonly maxWaiting?: number
  /** The largest message that is taken from the broker. 16 MiB by default. */
  readonly maxMessage?: number
  /** Unacknowledged messages of one subscription, unless its `prefetch-count` says less. 100 by default. */
  readonly prefetch?: number
  /** Unacknowledged messages of one client, in all its subscriptions. 1,000 by default. */
  readonly maxUnacked?: number
  /** Temporary queues of one client. 16 by default. */
  readonly maxTemporaryQueues?: number
}

/** The options with their values. */
export interface RelaySettings {
  readonly servers: readonly ServerAddress[]
  readonly dialect: BrokerDialect
  readonly mode: 'per-client' | 'shared'
  readonly connections: number
  readonly system: Credentials
  readonly client: (client: BrokerClient) => Promise<Credentials>
  readonly tls: ConnectionOptions
  readonly destinations: DestinationRules
  readonly allowHeaders: ReadonlySet<string>
  /** Headers that clients must not set (SEC-S67). */
  readonly privileged: ReadonlySet<string>
  readonly link: LinkSettings
  readonly reconnect: Backoff
  readonly maxConnecting: number
  readonly maxOutbox: number
  readonly outboxTimeout: number
  readonly prefetch: number
  readonly maxUnacked: number
  readonly maxTemporaryQueues: number
}

/** A text for CONNECT, whose headers have no escapes. */
const word = expected((value) => typeof value === 'string' && !/[\r\n\0:]/.test(value), 'a text without colon and line feed')

/** A text for CONNECT in which a colon may stand. The error does not show it, because it is a secret. */
const secret: Check = (value) => typeof value === 'string' && !/[\r\n\0]/.test(value) ? null : 'must be a text without line feed'

/** Fields that every dialect needs. A dialect without one of them would fail in the middle of a message. */
const DIALECT: Readonly<Record<string, Check>> = {
  name: text,
  capabilities: plainObject,
  toBroker: func,
  fromBroker: func,
  isFanOut: func,
  userTopic: text,
  prefetchHeader: text,
  temporaryQueues: oneOf('implicit', 'subscribed', 'none'),
  privileged: expected((value) => value instanceof Set, 'a Set of names of headers')
}

/** A dialect may be an instance of a class, so that its fields are read and not listed. */
const dialect: Check = (value) => {
  const wrong = plainObject(value)
  if (wrong !== null) return 'must be a dialect such as rabbitmq()'
  for (const [name, check] of Object.entries(DIALECT)) {
    const problem = check((value as Record<string, unknown>)[name])
    if (problem !== null) return `must be a dialect such as rabbitmq(), but its ${name} is missing or wrong: it ${problem}`
  }
  return null
}

/** Headers that the relay sets itself, so that it would have no effect to allow them. */
const OF_STOMP: readonly unknown[] = ['destination', 'id', 'ack', 'receipt', 'transaction', 'content-length', 'login', 'passcode']
const header: Check = (value) => OF_STOMP.includes(value) ? `must not be ${value as string}, because the relay sets that header itself` : text(value)

const prefixList = list(expected((value) => /^\/[^/*]+$/.test(String(value)), 'a single word such as /topic'), 'a list such as [\'/topic\']')

const CHECKS: Record<keyof RelayBrokerOptions, Check> = {
  servers: expected((value) => typeof value === 'string' || (Array.isArray(value) && value.length > 0), 'the URL of a server, or a list that names at least one'),
  dialect,
  mode: oneOf('per-client', 'shared'),
  connections: integer(1, 64),
  virtualHost: word,
  system: plainObject,
  client: either('an object or a function', plainObject, func),
  tls: plainObject,
  prefixes: (value) => prefixList(value) ?? prefixes(value),
  allowHeaders: list(header, 'a list of names of headers'),
  heartBeat: twoIntervals,
  connectTimeout: milliseconds,
  receiptTimeout: milliseconds,
  blockedAfter: milliseconds,
  closeTimeout: milliseconds,
  reconnect: plainObject,
  maxConnecting: count,
  maxOutbox: integer(0),
  outboxTimeout: milliseconds,
  highWater: count,
  maxWaiting: count,
  maxMessage: count,
  prefetch: count,
  maxUnacked: count,
  maxTemporaryQueues: integer(0)
}

/** Options of the other brokers that a relay cannot have. */
const HINTS: Hints = {
  history: 'a relay keeps no messages, because the external broker does not tell when messages are missing; memoryBroker() and clusterBroker() have it'
}

const CREDENTIALS: Record<keyof RelayCredentials, Check> = { login: word, passcode: secret, host: word }
const RECONNECT: Record<keyof Backoff, Check> = {
  min: milliseconds, max: milliseconds, jitter: expected((value) => typeof value === 'number' && value >= 0 && value <= 1, 'a number from 0 to 1')
}

const RECONNECT_DEFAULTS: Backoff = { min: 500, max: 30_000, jitter: 0.5 }

/** Checks credentials, the answer of a function included, because a line feed must not get into CONNECT. */
function checkedCredentials (name: string, credentials: RelayCredentials): RelayCredentials {
  checkOptions(stompErrors.InvalidOption, name, credentials, CREDENTIALS)
  return credentials
}

/** Makes the function that finds the credentials for a client. Fixed ones are completed once. */
function clientCredentials (given: NonNullable<RelayBrokerOptions['client']>, complete: (given: RelayCredentials) => Credentials): RelaySettings['client'] {
  if (typeof given === 'function') return async (client) => complete(await given(client))
  const fixed = complete(given)
  return async () => fixed
}

/** @throws FST_STOMP_INVALID_OPTION */
export function resolveRelay (options: RelayBrokerOptions): RelaySettings {
  checkOptions(stompErrors.InvalidOption, 'relayBroker', options, CHECKS, { path: '', required: ['servers'], hints: HINTS })
  if (options.reconnect !== undefined) checkOptions(stompErrors.InvalidOption, 'reconnect', options.reconnect, RECONNECT)
  const virtualHost = options.virtualHost ?? '/'
  const complete = (name: string, given: RelayCredentials): Credentials => {
    const { login = 'guest', passcode = 'guest', host = virtualHost } = checkedCredentials(name, given)
    return { login, passcode, host }
  }
  const system = complete('system', options.system ?? {})
  const client = clientCredentials(options.client ?? system, (given) => complete('client', given))
  const reconnect: Backoff = { ...RECONNECT_DEFAULTS, ...defined(options.reconnect ?? {}) }
  if (reconnect.min > reconnect.max) throw new stompErrors.InvalidOption('reconnect.min', `must not be more than reconnect.max (${reconnect.max}), but is ${reconnect.min}`)
  const servers = [options.servers].flat().map(parseServer)
  // An operator who sets it expects that the connection is encrypted.
  if (options.tls !== undefined && !servers.some(({ tls }) => tls)) throw new stompErrors.InvalidOption('tls', 'has no effect, because no server is written as tls://')
  const chosen = options.dialect ?? plain()
  const allowHeaders = new Set(options.allowHeaders)
  return {
    servers,
    dialect: chosen,
    mode: options.mode ?? 'per-client',
    connections: options.connections ?? 1,
    system,
    client,
    tls: options.tls ?? {},
    destinations: {
      prefixes: (options.prefixes ?? ['/topic', '/queue']).map((prefix) => [prefix, prefix === '/queue' ? 'queue' : 'topic']),
      separator: chosen.separator ?? '/',
      maxLength: 255,
      maxSegments: 16,
      maxWildcards: 4
    },
    allowHeaders,
    privileged: new Set([...chosen.privileged].filter((name) => !allowHeaders.has(name))),
    link: {
      heartBeat: options.heartBeat ?? [10_000, 10_000],
      connectTimeout: options.connectTimeout ?? 10_000,
      receiptTimeout: options.receiptTimeout ?? 30_000,
      blockedAfter: options.blockedAfter ?? 2_000,
      closeTimeout: options.closeTimeout ?? 3_000,
      highWater: options.highWater ?? 64 * 1024,
      maxWaiting: options.maxWaiting ?? 16 * 1024 * 1024,
      maxMessage: options.maxMessage ?? 16 * 1024 * 1024
    },
    reconnect,
    maxConnecting: options.maxConnecting ?? 50,
    maxOutbox: options.maxOutbox ?? 1000,
    outboxTimeout: options.outboxTimeout ?? 10_000,
    prefetch: options.prefetch ?? 100,
    maxUnacked: options.maxUnacked ?? 1000,
    maxTemporaryQueues: options.maxTemporaryQueues ?? 16
  }
}
