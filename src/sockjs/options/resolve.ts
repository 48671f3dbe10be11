import { defined } from '../../core/check.ts'
import { errors } from '../errors.ts'
import { DEFAULTS, type EndpointOptions, type ProcessLimits, type ResolvedOptions, type SockjsOptions, type SockjsPluginOptions, type TransportSwitches } from './options.ts'
import { isEveryOrigin } from './validate.ts'

export function processLimitsOf (options: SockjsPluginOptions): ProcessLimits {
  const { maxBufferedBytes, maxSessions, maxDetachedSessions, maxSessionsPerAddress, maxLookupsPerAddress, drainTimeout, statsInterval } = DEFAULTS
  return { ...{ maxBufferedBytes, maxSessions, maxDetachedSessions, maxSessionsPerAddress, maxLookupsPerAddress, drainTimeout, statsInterval }, ...defined(options) }
}

/** Resolves every option of an endpoint: its own value, else that of the registration, else the default. */
export function resolveOptions (plugin: SockjsPluginOptions, endpoint: EndpointOptions): ResolvedOptions {
  const given: SockjsOptions = { ...defined(plugin), ...defined(endpoint) }
  const anyOrigin = isEveryOrigin(given.origins)
  const origins = anyOrigin ? '*' : given.origins ?? []
  const { limit = DEFAULTS.queue.limit, overflow = DEFAULTS.queue.overflow, ...own } = { ...plugin.queue, ...endpoint.queue }
  const queue = { highWater: own.highWater ?? Math.min(DEFAULTS.queue.highWater, limit), limit, overflow }
  if (queue.highWater > queue.limit) throw new errors.InvalidOption('queue', `highWater (${queue.highWater}) must not be above limit (${queue.limit})`)
  const sameOriginOnly = Array.isArray(origins) && origins.length === 0
  const switches = { ...defined(plugin.transports ?? {}), ...defined(endpoint.transports ?? {}) }
  const websocket = switches.websocket ?? true
  const transports: Required<TransportSwitches> = {
    websocket,
    rawWebsocket: switches.rawWebsocket ?? websocket,
    xhrStreaming: switches.xhrStreaming ?? true,
    xhrPolling: switches.xhrPolling ?? true,
    eventsource: switches.eventsource ?? true,
    htmlfile: switches.htmlfile ?? anyOrigin,
    jsonp: switches.jsonp ?? anyOrigin,
    iframe: switches.iframe ?? (anyOrigin || sameOriginOnly)
  }
  // The iframe page alone carries no session.
  if (given.rawAtBase !== true && !Object.entries(transports).some(([name, on]) => on && name !== 'iframe')) {
    throw new errors.InvalidOption('transports', 'must leave at least one transport on')
  }
  return {
    origins,
    allowedHosts: given.allowedHosts,
    transports,
    heartbeat: given.heartbeat ?? DEFAULTS.heartbeat,
    disconnectDelay: given.disconnectDelay ?? DEFAULTS.disconnectDelay,
    pongTimeout: given.pongTimeout ?? DEFAULTS.pongTimeout,
    sendTimeout: given.sendTimeout ?? DEFAULTS.sendTimeout,
    bodyTimeout: given.bodyTimeout ?? DEFAULTS.bodyTimeout,
    closeTimeout: given.closeTimeout ?? DEFAULTS.closeTimeout,
    responseLimit: given.responseLimit,
    maxMessageSize: given.maxMessageSize ?? DEFAULTS.maxMessageSize,
    maxSessionIdLength: given.maxSessionIdLength ?? DEFAULTS.maxSessionIdLength,
    queue,
    resume: resumeOf(plugin.resume, endpoint.resume),
    clientUrl: given.clientUrl ?? 'self',
    baseUrl: given.baseUrl,
    sessionCookie: given.sessionCookie ?? false,
    cors: given.cors ?? true,
    protocols: given.protocols ?? [],
    binary: given.binary ?? false,
    websocket: { compression: endpoint.websocket?.compression ?? plugin.websocket?.compression ?? false },
    allowDrafts: given.allowDrafts ?? false,
    rawAtBase: given.rawAtBase ?? false,
    doctor: given.doctor ?? false,
    fallbackWarning: given.fallbackWarning ?? DEFAULTS.fallbackWarning,
    session: given.session,
    user: given.user ?? ((request) => (request as { user?: unknown }).user),
    userKey: given.userKey ?? defaultUserKey,
    bindAddress: given.bindAddress ?? false,
    onSessionError: given.onSessionError
  }
}

/** Merges the option `resume` of a registration and of an endpoint, as it is done with `queue`. */
function resumeOf (plugin: SockjsOptions['resume'] = false, endpoint: SockjsOptions['resume'] = plugin): ResolvedOptions['resume'] {
  if (endpoint === false) return false
  return { ...DEFAULTS.resume, ...(typeof plugin === 'object' ? defined(plugin) : {}), ...(typeof endpoint === 'object' ? defined(endpoint) : {}) }
}

/** The fields that identify a user by default: the first of these that a user has. */
const KEY_FIELDS = ['id', 'sub', 'name', 'username'] as const

function defaultUserKey (user: unknown): string {
  if (typeof user !== 'object' || user === null) {
    const text = keyText(user)
    if (text !== '') return text
    throw new errors.UnknownUserKey()
  }
  for (const field of KEY_FIELDS) {
    const text = keyText((user as Record<string, unknown>)[field])
    if (text !== '') return `${field}:${text}`
  }
  // Two users that look alike would share their sessions.
  throw new errors.UnknownUserKey()
}

/** Returns a text that differs for different values; the empty string if there is none. */
function keyText (value: unknown): string {
  switch (typeof value) {
    case 'string': return value
    case 'number': return Number.isNaN(value) ? '' : String(value)
    case 'bigint': return String(value)
    case 'object': return value === null ? '' : objectText(value)
    default: return ''
  }
}

/** Returns the text of an id that is an object of a database. All plain objects have the same text. */
function objectText (value: object): string {
  const text = typeof value.toString === 'function' ? String(value) : ''
  return /^\[object .*\]$/.test(text) ? '' : text
}
