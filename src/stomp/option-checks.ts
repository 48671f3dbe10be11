import { boolean, called, type Check, checkOptions, type CheckTable, count, expected, type Hints, inside, interval, list, milliseconds, oneOf, plainObject, twoIntervals } from '../core/check.ts'
import { checkAsyncApiPlugin } from './asyncapi/index.ts'
import { stompErrors } from './errors.ts'
import type { StompLimitOptions, StompPluginOptions } from './options.ts'

const LIMITS: Readonly<Record<keyof StompLimitOptions, Check>> = {
  command: count,
  headers: count,
  headerLine: count,
  head: count,
  body: count,
  connectFrame: count,
  subscriptions: count,
  destination: count,
  transactions: count,
  transactionFrames: count,
  transactionBytes: count,
  unacknowledged: count,
  streams: count,
  eols: count,
  connectTimeout: milliseconds,
  pending: count
}

const HEART_BEAT: Readonly<Record<keyof NonNullable<StompPluginOptions['heartBeat']>, Check>> = {
  offer: twoIntervals,
  minimum: interval,
  // Infinity would keep a client that has vanished for ever.
  tolerance: expected((value) => Number.isFinite(value) && (value as number) >= 1, 'a number of at least 1'),
  toleranceFloor: interval
}

const RATE: Readonly<Record<keyof NonNullable<StompPluginOptions['rate']>, Check>> = {
  perSecond: expected((value) => Number.isFinite(value) && (value as number) > 0, 'a number above 0'),
  burst: count
}

const TCP: Readonly<Record<keyof NonNullable<StompPluginOptions['tcp']>, Check>> = {
  port: expected((value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 65536, 'a port from 0 to 65535'),
  host: expected((value) => typeof value === 'string' && value !== '', 'an address')
}

/** Options of an endpoint that the STOMP layer sets itself. Another value would have no effect. */
const OWN_OF_ENDPOINT = ['rawAtBase', 'binary', 'protocols'] as const

const endpoint: Check = (value) => {
  const wrong = plainObject(value)
  if (wrong !== null) return wrong
  const own = OWN_OF_ENDPOINT.find((name) => (value as Record<string, unknown>)[name] !== undefined)
  return own === undefined ? null : `has the field ${own}, which an endpoint of STOMP sets itself`
}

const path = expected((value) => typeof value === 'string' && /^\/[^\s*:?#%]*[^\s*:?#%/]$/.test(value), 'a text that begins with / and does not end with it')

const paths: Check = (value) => {
  const given = [value].flat()
  return given.length === 0 ? 'must name at least one path' : given.map(path).find((wrong) => wrong !== null) ?? null
}

const hostNames: Check = (value) => Array.isArray(value) && value.length === 0
  ? 'must name at least one virtual host; leave the option out to allow any'
  : list(expected((each) => typeof each === 'string' && each !== '', 'a text that is not empty'), 'a list of names')(value)

const OPTIONS: Readonly<Record<keyof StompPluginOptions, Check>> = {
  path: paths,
  applicationPrefix: paths,
  broker: expected((value) => typeof (value as { connect?: unknown } | null | undefined)?.connect === 'function', 'a broker such as memoryBroker()'),
  endpoint,
  rules: expected(Array.isArray, 'a list of rules'),
  presence: expected(Array.isArray, 'a list such as [{ pattern: \'/topic/rooms/**\' }]'),
  asyncapi: plainObject,
  limits: plainObject,
  heartBeat: plainObject,
  rate: plainObject,
  tcp: plainObject,
  hosts: hostNames,
  clientSend: oneOf('any', 'application-only'),
  transactionReceipts: oneOf('commit', 'immediate'),
  messages: oneOf('auto', 'text', 'binary'),
  strictSubprotocol: boolean
}

const inEndpoint = (name: string): string => `it is an option of the endpoint: endpoint: { ${name}: … }`

/** Names that stand elsewhere, or are called otherwise by Spring (U23). */
const HINTS: Hints = {
  ...Object.fromEntries(['origins', 'allowedHosts', 'transports', 'heartbeat', 'disconnectDelay', 'pongTimeout', 'sendTimeout', 'bodyTimeout', 'closeTimeout',
    'responseLimit', 'maxMessageSize', 'queue', 'clientUrl', 'baseUrl', 'sessionCookie', 'cors', 'websocket', 'allowDrafts', 'session', 'user', 'userKey',
    'bindAddress', 'onSessionError', 'onRequest', 'preValidation', 'preHandler', 'config', 'constraints'].map((name) => [name, inEndpoint(name)])),
  ...Object.fromEntries(Object.keys(LIMITS).map((name) => [name, inside('limits', name)])),
  ...Object.fromEntries(Object.keys(HEART_BEAT).map((name) => [name, inside('heartBeat', name)])),
  ...Object.fromEntries(Object.keys(RATE).map((name) => [name, inside('rate', name)])),
  heartbeat: 'write heartBeat for the heart-beats of STOMP, or endpoint: { heartbeat: … } for those of SockJS',
  port: inside('tcp', 'port'),
  allowedOrigins: 'it is an option of the endpoint: endpoint: { origins: … }',
  paths: called('path'),
  prefixes: 'the prefixes of a broker are its own option: memoryBroker({ prefixes: … })',
  separator: 'it is an option of the broker: memoryBroker({ separator: … })',
  openapi: called('asyncapi'),
  history: 'it is an option of the broker: memoryBroker({ history: … })',
  applicationDestinationPrefixes: called('applicationPrefix'),
  virtualHosts: called('hosts')
}

const PARTS: readonly (readonly [name: keyof StompPluginOptions, table: CheckTable, required: readonly string[]])[] = [
  ['limits', LIMITS, []], ['heartBeat', HEART_BEAT, []], ['rate', RATE, ['perSecond']], ['tcp', TCP, ['port']]
]

/** Fastify sets these when a plugin is registered. */
const REGISTER_OPTIONS = ['prefix', 'logLevel', 'logSerializers'] as const

/** @throws FST_STOMP_INVALID_OPTION */
export function checkStompOptions (options: StompPluginOptions): void {
  checkOptions(stompErrors.InvalidOption, 'options', options, OPTIONS, { path: '', passed: REGISTER_OPTIONS, required: ['path'], hints: HINTS })
  if (options.asyncapi !== undefined) checkAsyncApiPlugin(options.asyncapi)
  for (const [name, table, required] of PARTS) {
    if (options[name] !== undefined) checkOptions(stompErrors.InvalidOption, name, options[name], table, { required })
  }
}
