import { isAbsolute } from 'node:path/posix'
import { errors } from '../errors.ts'
import {
  DEFAULTS, type EndpointOptions, type ProcessLimits, type ResolvedOptions, type SockjsOptions, type SockjsPluginOptions
} from './options.ts'

type Check = (value: unknown) => string | null

const MAX_MILLISECONDS = 2 ** 31 - 1

function integer (minimum: number, maximum: number): Check {
  return (value) => Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum
    ? null
    : `must be an integer from ${minimum} to ${maximum}`
}

const milliseconds = integer(1, MAX_MILLISECONDS)
const bytes = integer(1, Number.MAX_SAFE_INTEGER)
const count = integer(0, Number.MAX_SAFE_INTEGER)
const boolean: Check = (value) => typeof value === 'boolean' ? null : 'must be true or false'
const func: Check = (value) => typeof value === 'function' ? null : 'must be a function'
const either = (...checks: Check[]): Check => (value) =>
  checks.some((check) => check(value) === null) ? null : checks.map((check) => check(value)).join(', or ')
const plainObject: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value) ? null : 'must be an object'
const oneOf = (...values: unknown[]): Check => (value) => values.includes(value) ? null : `must be one of ${values.map(String).join(', ')}`
const fields = (table: Record<string, Check>): Check => (value) => {
  const wrong = plainObject(value)
  if (wrong !== null) return wrong
  for (const [name, field] of Object.entries(value as object)) {
    const check = table[name]
    if (!Object.hasOwn(table, name) || check === undefined) return `has no field ${name}`
    const problem = field === undefined ? null : check(field)
    if (problem !== null) return `${name} ${problem}`
  }
  return null
}
const list = (item: Check, what: string): Check => (value) =>
  Array.isArray(value) && value.every((entry) => item(entry) === null) ? null : `must be a list of ${what}`

const text: Check = (value) => typeof value === 'string' && value !== '' ? null : 'must be a text'
const expression: Check = (value) => value instanceof RegExp ? null : 'must be a regular expression'
/** RFC 6455, section 4.1: a subprotocol is a token. */
const token: Check = (value) => typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value) ? null : 'must be a token'
const clientUrl: Check = (value) => value === 'self' || (typeof value === 'string' && (isAbsolute(value) || /^https?:\/\//.test(value)))
  ? null
  : 'must be \'self\', or begin with / or http'

const sessionOptions: Record<keyof SockjsOptions, Check> = {
  origins: either(oneOf('*'), func, list(either(text, expression, func), 'texts, expressions and functions')),
  allowedHosts: list(text, 'host names'),
  transports: fields({
    websocket: boolean,
    rawWebsocket: boolean,
    xhrStreaming: boolean,
    xhrPolling: boolean,
    eventsource: boolean,
    htmlfile: boolean,
    jsonp: boolean,
    iframe: boolean
  }),
  heartbeat: milliseconds,
  disconnectDelay: milliseconds,
  pongTimeout: milliseconds,
  sendTimeout: milliseconds,
  closeTimeout: milliseconds,
  responseLimit: bytes,
  maxMessageSize: bytes,
  maxSessionIdLength: integer(8, 4096),
  queue: fields({ highWater: bytes, limit: bytes, overflow: oneOf('close', 'drop') }),
  clientUrl,
  baseUrl: either(text, func),
  sessionCookie: either(boolean, func),
  cors: boolean,
  protocols: list(token, 'subprotocol names'),
  binary: boolean,
  websocket: fields({ compression: either(boolean, plainObject) }),
  allowDrafts: boolean,
  rawAtBase: boolean,
  session: func,
  user: func,
  userKey: func,
  bindAddress: boolean,
  onSessionError: func
}

const processOptions: Record<keyof Omit<SockjsPluginOptions, keyof SockjsOptions>, Check> = {
  maxBufferedBytes: bytes,
  maxSessions: integer(1, Number.MAX_SAFE_INTEGER),
  maxDetachedSessions: integer(1, Number.MAX_SAFE_INTEGER),
  maxSessionsPerAddress: count,
  drainTimeout: milliseconds,
  clock: plainObject
}

/** Checked by Fastify itself. */
const ROUTE_OPTIONS = ['onRequest', 'preParsing', 'preValidation', 'preHandler', 'onSend', 'onResponse', 'onTimeout',
  'onError', 'onRequestAbort', 'config', 'constraints', 'logLevel'] as const

/** Set by Fastify when a plugin is registered. */
const REGISTER_OPTIONS = ['prefix', 'logSerializers', 'logLevel']

function check (options: object, table: Record<string, Check>, passed: readonly string[]): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || passed.includes(name)) continue
    const rule = Object.hasOwn(table, name) ? table[name] : undefined
    const problem = rule === undefined ? 'is not known' : rule(value)
    if (problem !== null) throw new errors.invalidOption(name, problem)
  }
}

export function checkPluginOptions (options: SockjsPluginOptions): void {
  check(options, { ...sessionOptions, ...processOptions }, REGISTER_OPTIONS)
}

export function checkEndpointOptions (options: EndpointOptions): void {
  check(options, sessionOptions, ROUTE_OPTIONS)
}

/** The part of an endpoint's options that goes to Fastify's routes. */
export function routeOptionsOf (options: EndpointOptions): Pick<EndpointOptions, typeof ROUTE_OPTIONS[number]> {
  const own: Record<string, unknown> = {}
  for (const name of ROUTE_OPTIONS) if (options[name] !== undefined) own[name] = options[name]
  return own
}

export function processLimitsOf (options: SockjsPluginOptions): ProcessLimits {
  const { maxBufferedBytes, maxSessions, maxDetachedSessions, maxSessionsPerAddress, drainTimeout } = DEFAULTS
  return { ...{ maxBufferedBytes, maxSessions, maxDetachedSessions, maxSessionsPerAddress, drainTimeout }, ...defined(options) }
}

/** Every option of an endpoint: its own, else the registration's, else the default. */
export function resolveOptions (plugin: SockjsPluginOptions, endpoint: EndpointOptions): ResolvedOptions {
  const given: SockjsOptions = { ...defined(plugin), ...defined(endpoint) }
  const origins = given.origins ?? []
  const queue = { ...DEFAULTS.queue, ...defined(plugin.queue ?? {}), ...defined(endpoint.queue ?? {}) }
  if (queue.highWater > queue.limit) throw new errors.invalidOption('queue', 'highWater must not be above limit')
  const anyOrigin = origins === '*'
  const sameOriginOnly = Array.isArray(origins) && origins.length === 0
  const switches = { ...defined(plugin.transports ?? {}), ...defined(endpoint.transports ?? {}) }
  const websocket = switches.websocket ?? true
  return {
    origins,
    allowedHosts: given.allowedHosts,
    transports: {
      websocket,
      rawWebsocket: switches.rawWebsocket ?? websocket,
      xhrStreaming: switches.xhrStreaming ?? true,
      xhrPolling: switches.xhrPolling ?? true,
      eventsource: switches.eventsource ?? true,
      htmlfile: switches.htmlfile ?? anyOrigin,
      jsonp: switches.jsonp ?? anyOrigin,
      iframe: switches.iframe ?? (anyOrigin || sameOriginOnly)
    },
    heartbeat: given.heartbeat ?? DEFAULTS.heartbeat,
    disconnectDelay: given.disconnectDelay ?? DEFAULTS.disconnectDelay,
    pongTimeout: given.pongTimeout ?? DEFAULTS.pongTimeout,
    sendTimeout: given.sendTimeout ?? DEFAULTS.sendTimeout,
    closeTimeout: given.closeTimeout ?? DEFAULTS.closeTimeout,
    responseLimit: given.responseLimit,
    maxMessageSize: given.maxMessageSize ?? DEFAULTS.maxMessageSize,
    maxSessionIdLength: given.maxSessionIdLength ?? DEFAULTS.maxSessionIdLength,
    queue,
    clientUrl: given.clientUrl ?? 'self',
    baseUrl: given.baseUrl,
    sessionCookie: given.sessionCookie ?? false,
    cors: given.cors ?? true,
    protocols: given.protocols ?? [],
    binary: given.binary ?? false,
    websocket: { compression: endpoint.websocket?.compression ?? plugin.websocket?.compression ?? false },
    allowDrafts: given.allowDrafts ?? false,
    rawAtBase: given.rawAtBase ?? false,
    session: given.session,
    user: given.user ?? ((request) => (request as { user?: unknown }).user),
    userKey: given.userKey ?? defaultUserKey,
    bindAddress: given.bindAddress ?? false,
    onSessionError: given.onSessionError
  }
}

function defined<T extends object> (options: T): { [K in keyof T]-?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never
}

/** What tells users apart when the application does not say. */
function defaultUserKey (user: unknown): string {
  if (user === undefined || user === null) return ''
  if (typeof user !== 'object') return String(user)
  for (const name of ['id', 'sub', 'name', 'username'] as const) {
    const value = (user as Record<string, unknown>)[name]
    if (typeof value === 'string' || typeof value === 'number') return `${name}:${value}`
  }
  return JSON.stringify(user)
}
