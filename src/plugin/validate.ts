import { errors } from '../errors.ts'
import type { EndpointOptions, SockjsOptions, SockjsPluginOptions } from './options.ts'
import type { DrainOptions } from './staged-drain.ts'

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
const clientUrl: Check = (value) => value === 'self' || (typeof value === 'string' && (value.startsWith('/') || /^https?:\/\//.test(value)))
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
  bodyTimeout: milliseconds,
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

const drainOptions: Record<keyof DrainOptions, Check> = {
  rate: (value) => typeof value === 'number' && value > 0 && value <= 1 ? null : 'must be a number above 0, at most 1',
  deadline: milliseconds,
  delay: integer(0, MAX_MILLISECONDS),
  code: oneOf(1001, 1012)
}

/** Checked by Fastify itself. */
const ROUTE_OPTIONS = ['onRequest', 'preParsing', 'preValidation', 'preHandler', 'onSend', 'onResponse', 'onTimeout',
  'onError', 'onRequestAbort', 'config', 'constraints', 'logLevel'] as const

/** Set by Fastify when a plugin is registered. */
const REGISTER_OPTIONS = ['prefix', 'logSerializers', 'logLevel'] as const

function check (options: unknown, table: Record<string, Check>, passed: readonly string[]): void {
  const wrong = plainObject(options)
  if (wrong !== null) throw new errors.InvalidOption('options', wrong)
  for (const [name, value] of Object.entries(options as object)) {
    if (value === undefined || passed.includes(name)) continue
    const rule = Object.hasOwn(table, name) ? table[name] : undefined
    const problem = rule === undefined ? 'is not known' : rule(value)
    if (problem !== null) throw new errors.InvalidOption(name, problem)
  }
}

export function checkPluginOptions (options: SockjsPluginOptions): void {
  check(options, { ...sessionOptions, ...processOptions }, REGISTER_OPTIONS)
}

export function checkEndpointOptions (options: EndpointOptions): void {
  check(options, sessionOptions, ROUTE_OPTIONS)
}

export function checkDrainOptions (options: DrainOptions): void {
  check(options, drainOptions, [])
}

/** The part of an endpoint's options that goes to Fastify's routes. */
export function routeOptionsOf (options: EndpointOptions): Pick<EndpointOptions, typeof ROUTE_OPTIONS[number]> {
  const own: Record<string, unknown> = {}
  for (const name of ROUTE_OPTIONS) if (options[name] !== undefined) own[name] = options[name]
  return own
}
