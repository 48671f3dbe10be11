import { constants } from 'node:buffer'
import { NODE_NAME } from '../../cluster/beat.ts'
import { boolean, type Check, checkOptions, type CheckTable, count, either, expected, fields, func, type Hints, integer, interval, list, milliseconds, oneOf, plainObject } from '../../core/check.ts'
import type { Clock } from '../../core/clock.ts'
import { shown } from '../../core/suggestion.ts'
import { errors } from '../errors.ts'
import { endpointHints, registrationHints, TRANSPORT_HINTS } from './hints.ts'
import { BODY_FACTOR, type DrainOptions, type EndpointOptions, type SockjsOptions, type SockjsPluginOptions, type TransportSwitches } from './options.ts'
import { originProblem } from './origin-rules.ts'

/** The most bytes of a message or a queue. A body becomes one string, and so do the messages that wait for a client. */
const MAX_TEXT = Math.floor(constants.MAX_STRING_LENGTH / BODY_FACTOR)

const textBytes = integer(1, MAX_TEXT)

/** RFC 6455, section 4.1: a subprotocol is a token. */
const token = expected((value) => typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value), 'a token')

const clientUrl = expected((value) => value === 'self' || (typeof value === 'string' && (value.startsWith('/') || /^https?:\/\//.test(value))),
  '\'self\', or a URL that begins with / or http')

const expression = expected((value) => value instanceof RegExp, 'a regular expression')

const originRule: Check = (value) => {
  if (typeof value === 'string' && value !== '') return originProblem(value)
  return either('a text such as \'https://a.example\', a regular expression or a function', expression, func)(value)
}

const originList = list(originRule, '\'*\', a list such as [\'https://a.example\'], or a function')

/** Accepts the values of `origins`. `['*']` counts as `'*'`. */
const origins: Check = (value) => {
  if (value === '*' || isEveryOrigin(value) || typeof value === 'function') return null
  if (typeof value === 'string' && value !== '') return `must be a list: write [${originProblem(value) === null ? shown(value) : '\'https://a.example\''}], not ${shown(value)}`
  return originList(value)
}

/** Tells whether an `origins` option accepts every origin. */
export function isEveryOrigin (origins: unknown): boolean {
  return origins === '*' || (Array.isArray(origins) && origins.length === 1 && origins[0] === '*')
}

/** Accepts a name as `request.hostname` has it, because the check of hosts compares nothing else. */
const hostName = expected((value) => typeof value === 'string' && /^(?:[^\s*:/?#@[\]]+|\[[0-9a-f:.]+\])$/i.test(value),
  'the name of a host, without scheme, port, path or *')

const allowedHosts: Check = (value) => Array.isArray(value) && value.length === 0
  ? 'must name at least one host; leave the option out to allow any'
  : list(hostName, 'a list of host names')(value)

/** Accepts a URL to which clients append `/<server>/<session>/<transport>`, and whose scheme they change to `ws` or `wss`. */
export const baseAddress = expected((value) => typeof value === 'string' && /^https?:\/\/[^?#]*[^?#/]$/.test(value) && URL.canParse(value),
  'an absolute URL such as \'https://a.example/echo\', without query, hash or a / at its end')

const transports: Check = (value) => Array.isArray(value)
  ? 'must be an object of switches such as { websocket: true }, not a list'
  : switches(value)

const switches = fields({
  websocket: boolean,
  rawWebsocket: boolean,
  xhrStreaming: boolean,
  xhrPolling: boolean,
  eventsource: boolean,
  htmlfile: boolean,
  jsonp: boolean,
  iframe: boolean
} satisfies Record<keyof TransportSwitches, Check>, TRANSPORT_HINTS)

const websocket: Check = (value) => typeof value === 'boolean'
  ? `must be an object; to switch the transport write transports: { websocket: ${value} }`
  : fields({ compression: either('true, false or an object', boolean, plainObject) })(value)

const CLOCK_METHODS = ['now', 'date', 'start', 'stop'] as const satisfies readonly (keyof Clock)[]

const clock = expected((value) => typeof value === 'object' && value !== null && CLOCK_METHODS.every((name) => typeof (value as Record<string, unknown>)[name] === 'function'),
  'a clock such as new ManualClock()')

const engine = expected((value) => typeof value === 'object' && value !== null && ['facts', 'channels', 'claims', 'start', 'stop'].every((name) => name in value),
  'an engine such as natsEngine({ … })')

const sessionOptions: Readonly<Record<keyof SockjsOptions, Check>> = {
  origins,
  allowedHosts,
  transports,
  heartbeat: milliseconds,
  disconnectDelay: milliseconds,
  pongTimeout: milliseconds,
  sendTimeout: milliseconds,
  bodyTimeout: milliseconds,
  closeTimeout: milliseconds,
  responseLimit: count,
  maxMessageSize: textBytes,
  maxSessionIdLength: integer(8, 4096),
  resume: (value) => typeof value === 'boolean' ? null : fields({ within: milliseconds, limit: textBytes })(value),
  queue: fields({ highWater: textBytes, limit: textBytes, overflow: oneOf('close', 'drop') }),
  clientUrl,
  baseUrl: (value) => typeof value === 'function' ? null : baseAddress(value),
  sessionCookie: either('true, false or a function', boolean, func),
  cors: boolean,
  protocols: list(token, 'a list of subprotocol names'),
  binary: boolean,
  websocket,
  allowDrafts: boolean,
  rawAtBase: boolean,
  doctor: boolean,
  fallbackWarning: expected((value) => value === false || (typeof value === 'number' && value >= 0 && value <= 1), 'a share from 0 to 1, or false'),
  session: func,
  user: func,
  userKey: func,
  bindAddress: boolean,
  onSessionError: func
}

const processOptions: Readonly<Record<keyof Omit<SockjsPluginOptions, keyof SockjsOptions>, Check>> = {
  maxBufferedBytes: count,
  maxSessions: count,
  maxDetachedSessions: count,
  maxSessionsPerAddress: integer(0),
  maxLookupsPerAddress: integer(0),
  drainTimeout: milliseconds,
  statsInterval: interval,
  engine,
  node: expected((value) => typeof value === 'string' && NODE_NAME.test(value), 'a text of 1 to 64 letters, digits, dots, _ or -'),
  clock
}

const drainOptions: Readonly<Record<keyof DrainOptions, Check>> = {
  rate: expected((value) => typeof value === 'number' && value > 0 && value <= 1, 'a number above 0, at most 1'),
  deadline: milliseconds,
  delay: interval,
  code: oneOf(1001, 1012)
}

/** The options of an endpoint that Fastify itself checks. */
const ROUTE_OPTIONS = ['onRequest', 'preParsing', 'preValidation', 'preHandler', 'onSend', 'onResponse', 'onTimeout',
  'onError', 'onRequestAbort', 'config', 'constraints', 'logLevel'] as const

/** The options that Fastify reads, or adds, when a plugin is registered. */
const REGISTER_OPTIONS = ['prefix', 'logSerializers', 'logLevel'] as const

const ENDPOINT_HINTS = endpointHints(Object.keys(processOptions))
const REGISTRATION_HINTS = registrationHints(ROUTE_OPTIONS.filter((name) => name !== 'logLevel'))

function check (options: unknown, table: CheckTable, passed: readonly string[], hints: Hints): void {
  checkOptions(errors.InvalidOption, 'options', options, table, { path: '', passed, hints })
}

export function checkPluginOptions (options: SockjsPluginOptions): void {
  check(options, { ...sessionOptions, ...processOptions }, REGISTER_OPTIONS, REGISTRATION_HINTS)
  if (options.node !== undefined && options.engine === undefined) throw new errors.InvalidOption('node', 'names a node of a cluster, which needs the option engine')
}

export function checkEndpointOptions (options: EndpointOptions): void {
  check(options, sessionOptions, ROUTE_OPTIONS, ENDPOINT_HINTS)
}

export function checkDrainOptions (options: DrainOptions): void {
  check(options, drainOptions, [], {})
}

/** Picks the options of an endpoint that go to the routes of Fastify. */
export function routeOptionsOf (options: EndpointOptions): Pick<EndpointOptions, typeof ROUTE_OPTIONS[number]> {
  const own: Record<string, unknown> = {}
  for (const name of ROUTE_OPTIONS) if (options[name] !== undefined) own[name] = options[name]
  return own
}
