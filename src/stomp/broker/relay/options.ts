import type { ConnectionOptions } from 'node:tls'
import type { DestinationRules } from '../../destinations.ts'
import { stompErrors } from '../../errors.ts'
import type { BrokerClient } from '../broker.ts'
import { atLeast, type Check, checkOptions, defined, fields, list, MAX_MILLISECONDS, milliseconds, ONE_OR_MORE, prefixes } from '../checks.ts'
import type { BrokerLinkSettings, Credentials } from './broker-link.ts'
import type { BrokerDialect } from './dialects/dialect.ts'
import { plain } from './dialects/plain.ts'
import type { Backoff } from './reconnecting-link.ts'
import { parseServer, type ServerAddress } from './servers.ts'

/** Who a connection to the broker says it is. */
export interface RelayCredentials {
  /** Default: `guest`. */
  readonly login?: string
  /** Default: `guest`. */
  readonly passcode?: string
  /** The virtual host. Default: that of `virtualHost`. */
  readonly host?: string
}

/** Options of `relayBroker()`. Times in milliseconds, sizes in octets. */
export interface RelayBrokerOptions {
  /** `tcp://host:61613`, `tls://host:61614`; several are tried in turn, the one that worked last first. */
  readonly servers: string | readonly string[]
  /** What kind of broker: `rabbitmq()`, `activemq()`, or your own. Default: one that names destinations as we do. */
  readonly dialect?: BrokerDialect
  /**
   * `per-client`: each session has a connection of its own. `shared`: topics without acknowledgements come over one
   * connection for all, and what clients SEND goes over it; other subscriptions still get their own. Default: `per-client`.
   */
  readonly mode?: 'per-client' | 'shared'
  /** Shared connections, in mode `shared`. Default: 1. */
  readonly connections?: number
  /** `host` of CONNECT. Default: `/`; the empty string sends none. */
  readonly virtualHost?: string
  /** For the application's own connections. Default: guest, guest. */
  readonly system?: RelayCredentials
  /** For the connections of clients: fixed, or a function of the session. Clients' own never reach the broker. Default: as `system`. */
  readonly client?: RelayCredentials | ((client: BrokerClient) => RelayCredentials | Promise<RelayCredentials>)
  /** Options of `tls.connect` for servers with `tls://`. */
  readonly tls?: ConnectionOptions
  /** What the broker serves. Default: `/topic` and `/queue`. */
  readonly prefixes?: readonly string[]
  /** Privileged headers of the broker (`persistent`, `durable`, `selector`, …) that clients may set all the same. Default: none. */
  readonly allowHeaders?: readonly string[]
  /** Heart-beats that we offer to the broker. Default: `[10_000, 10_000]`. */
  readonly heartBeat?: readonly [outgoing: number, incoming: number]
  /** From the first packet to CONNECTED, for each server. Default: 10,000. */
  readonly connectTimeout?: number
  /** For the broker to confirm a frame. Default: 30,000. */
  readonly receiptTimeout?: number
  /** From when on an unconfirmed frame means that the broker is `blocked`. Default: 2,000. */
  readonly blockedAfter?: number
  /** For the broker to confirm DISCONNECT. Default: 3,000. */
  readonly closeTimeout?: number
  /** How long to wait between attempts. Default: from 500 doubled to 30,000, half of it by chance. */
  readonly reconnect?: Partial<Backoff>
  /** Connections that are being made at a time. Default: 50. */
  readonly maxConnecting?: number
  /** Messages of the application that wait for the broker. Default: 1,000. */
  readonly maxOutbox?: number
  /** How long a message of the application waits for a broker that is not there. Default: 10,000. */
  readonly outboxTimeout?: number
  /** Unsent octets from which on a client is held back. Default: 64 KiB. */
  readonly highWater?: number
  /** Unsent octets at which a connection is given up. Default: 16 MiB. */
  readonly maxWaiting?: number
  /** The largest message that is taken from the broker. Default: 16 MiB. */
  readonly maxMessage?: number
  /** Unacknowledged messages of one subscription, unless its `prefetch-count` says less. Default: 100. */
  readonly prefetch?: number
  /** Unacknowledged messages of one client, in all its subscriptions. Default: 1,000. */
  readonly maxUnacked?: number
  /** Temporary queues of one client. Default: 16. */
  readonly maxTemporaryQueues?: number
}

/** Options with their values. */
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
  readonly link: BrokerLinkSettings
  readonly reconnect: Backoff
  readonly maxConnecting: number
  readonly maxOutbox: number
  readonly outboxTimeout: number
  readonly prefetch: number
  readonly maxUnacked: number
  readonly maxTemporaryQueues: number
}

const texts: Check = (value) => Array.isArray(value) && value.every((each) => typeof each === 'string') ? null : 'must be a list of texts'
const pair: Check = (value) => Array.isArray(value) && value.length === 2 && value.every((each) => atLeast(0, MAX_MILLISECONDS)(each) === null)
  ? null
  : 'must be two numbers of milliseconds'
const text: Check = (value) => typeof value === 'string' && !/[\r\n\0:]/.test(value) ? null : 'must be a text without colon and line feed'
const mode: Check = (value) => value === 'per-client' || value === 'shared' ? null : "must be 'per-client' or 'shared'"

/** Fields that every dialect needs: one without them would fail in the middle of a message. */
const DIALECT: Readonly<Record<string, (value: unknown) => boolean>> = {
  name: isText,
  capabilities: (value) => typeof value === 'object' && value !== null,
  toBroker: isFunction,
  fromBroker: isFunction,
  isFanOut: isFunction,
  userTopic: isText,
  prefetchHeader: isText,
  temporaryQueues: (value) => ['implicit', 'subscribed', 'none'].includes(value as string),
  privileged: (value) => value instanceof Set
}

function isText (value: unknown): boolean { return typeof value === 'string' && value !== '' }
function isFunction (value: unknown): boolean { return typeof value === 'function' }

const dialect: Check = (value) => {
  const wrong = typeof value === 'object' && value !== null
    ? Object.keys(DIALECT).find((name) => !DIALECT[name]!((value as Record<string, unknown>)[name]))
    : ''
  if (wrong === undefined) return null
  return wrong === '' ? 'must be a dialect, rabbitmq() for one' : `must be a dialect, rabbitmq() for one; its ${wrong} is missing or wrong`
}

/** Headers that the relay sets itself, so that it would have no effect to allow them. */
const OF_STOMP: ReadonlySet<string> = new Set(['destination', 'id', 'ack', 'receipt', 'transaction', 'content-length', 'login', 'passcode'])
const allowed: Check = (value) => texts(value) ?? ((value as string[]).some((name) => OF_STOMP.has(name)) ? 'must not name headers of STOMP itself, which the relay sets' : null)
const share: Check = (value) => typeof value === 'number' && value >= 0 && value <= 1 ? null : 'must be a number from 0 to 1'
/** A text for CONNECT, which has no escapes. A colon may stand in a value. */
const passcode: Check = (value) => typeof value === 'string' && !/[\r\n\0]/.test(value) ? null : 'must be a text without line feed'

const CHECKS: Record<keyof RelayBrokerOptions, Check> = {
  servers: (value) => typeof value === 'string' || (list(value) === null && (value as unknown[]).length > 0) ? null : 'must name at least one server',
  dialect,
  mode,
  connections: atLeast(1, 64),
  virtualHost: text,
  system: fields,
  client: (value) => typeof value === 'function' ? null : fields(value),
  tls: fields,
  prefixes: (value) => list(value) ?? prefixes(value) ?? ((value as string[]).every((each) => /^\/[^/]+$/.test(each)) ? null : 'must be single words such as /topic'),
  allowHeaders: allowed,
  heartBeat: pair,
  connectTimeout: milliseconds,
  receiptTimeout: milliseconds,
  blockedAfter: milliseconds,
  closeTimeout: milliseconds,
  reconnect: fields,
  maxConnecting: ONE_OR_MORE,
  maxOutbox: atLeast(0),
  outboxTimeout: milliseconds,
  highWater: ONE_OR_MORE,
  maxWaiting: ONE_OR_MORE,
  maxMessage: ONE_OR_MORE,
  prefetch: ONE_OR_MORE,
  maxUnacked: ONE_OR_MORE,
  maxTemporaryQueues: atLeast(0)
}

const CREDENTIALS: Record<keyof RelayCredentials, Check> = { login: text, passcode, host: text }
const RECONNECT: Record<keyof Backoff, Check> = { min: milliseconds, max: milliseconds, jitter: share }

const RECONNECT_DEFAULTS: Backoff = { min: 500, max: 30_000, jitter: 0.5 }

/** What a function has answered is looked at as if it had stood in the options: a word with a line feed must not get into CONNECT. */
function checked (answer: RelayCredentials): RelayCredentials {
  checkOptions('client', answer, CREDENTIALS)
  return answer
}

/** @throws FST_STOMP_INVALID_OPTION */
export function resolveRelay (options: RelayBrokerOptions): RelaySettings {
  checkOptions('relayBroker', options, CHECKS, '')
  for (const [name, value] of [['system', options.system], ['client', options.client]] as const) {
    if (typeof value === 'object') checkOptions(name, value, CREDENTIALS)
  }
  if (options.reconnect !== undefined) checkOptions('reconnect', options.reconnect, RECONNECT)
  const virtualHost = options.virtualHost ?? '/'
  const complete = (given: RelayCredentials = {}): Credentials => ({ login: given.login ?? 'guest', passcode: given.passcode ?? 'guest', host: given.host ?? virtualHost })
  const { client = options.system ?? {} } = options
  const reconnect: Backoff = { ...RECONNECT_DEFAULTS, ...defined(options.reconnect ?? {}) }
  if (reconnect.min > reconnect.max) throw new stompErrors.InvalidOption('reconnect.min', 'must not be more than reconnect.max')
  const servers = [options.servers].flat().map(parseServer)
  // An operator who sets it expects that the connection is encrypted.
  if (options.tls !== undefined && !servers.some(({ tls }) => tls)) throw new stompErrors.InvalidOption('tls', 'has no effect: no server is written as tls://')
  const chosen = options.dialect ?? plain()
  const allowHeaders = new Set(options.allowHeaders)
  return {
    servers,
    dialect: chosen,
    mode: options.mode ?? 'per-client',
    connections: options.connections ?? 1,
    system: complete(options.system),
    client: typeof client === 'function' ? async (session) => complete(checked(await client(session))) : async () => complete(client),
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
