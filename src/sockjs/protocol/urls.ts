/** The transport of a session, by the name that sockjs-client reports. The last two have no SockJS framing. */
export type TransportName = 'websocket' | 'xhr-streaming' | 'xhr-polling' | 'eventsource' | 'htmlfile' | 'jsonp-polling' |
  'websocket-raw' | 'tcp'

/** The routes below the prefix of an endpoint. */
export const ROUTE_NAMES = [
  'greeting', 'info', 'doctor', 'iframe', 'client', 'rawWebsocket', 'websocket',
  'xhr', 'xhr_streaming', 'xhr_send', 'eventsource', 'htmlfile', 'jsonp', 'jsonp_send'
] as const

/** The name of a route below the prefix of an endpoint. */
export type RouteName = (typeof ROUTE_NAMES)[number]

export interface Target {
  readonly route: RouteName
  /** The session id of the client, decoded. It is empty if the URL has none. */
  readonly session: string
}

/** Matches the names of the iframe page, with or without a version (IFRAME-3). */
const IFRAME = /^\/iframe[0-9-.a-z_]*\.html$/

/** Matches the scripts of the clients. The iframe page loads sockjs-client with its version, other pages without. */
const CLIENT = /^\/(?:sockjs(?:-\d+\.\d+\.\d+)?\.min|(?:stomp-)?client)\.js$/

const FIXED: ReadonlyMap<string, RouteName> = new Map<string, RouteName>([
  ['', 'greeting'],
  ['/', 'greeting'],
  ['/info', 'info'],
  ['/doctor', 'doctor'],
  ['/websocket', 'rawWebsocket']
])

const SESSION_ROUTES: ReadonlyMap<string, RouteName> = new Map<string, RouteName>([
  ['websocket', 'websocket'],
  ['xhr', 'xhr'],
  ['xhr_streaming', 'xhr_streaming'],
  ['xhr_send', 'xhr_send'],
  ['eventsource', 'eventsource'],
  ['htmlfile', 'htmlfile'],
  ['jsonp', 'jsonp'],
  ['jsonp_send', 'jsonp_send']
])

/**
 * Reads the path behind the prefix of an endpoint, without the query.
 *
 * Returns `null` if it is not a SockJS URL: for an empty segment, a dot in an id, the wrong number of segments or an unknown transport
 * (URL-2, URL-6, URL-7).
 */
export function parseTarget (path: string, maxIdLength: number): Target | null {
  const second = path.indexOf('/', 1)
  if (second < 0) return pageTarget(path)
  const third = path.indexOf('/', second + 1)
  if (path[0] !== '/' || third < 0) return null
  const route = SESSION_ROUTES.get(path.slice(third + 1))
  if (route === undefined) return null
  const session = decodeId(path.slice(second + 1, third), maxIdLength)
  return session === null || decodeId(path.slice(1, second), maxIdLength) === null ? null : { route, session }
}

/** Reads a path without ids, which has at most one segment. */
function pageTarget (path: string): Target | null {
  const route = FIXED.get(path) ?? (IFRAME.test(path) ? 'iframe' : CLIENT.test(path) ? 'client' : undefined)
  return route === undefined ? null : { route, session: '' }
}

/** Decodes an id. It must hold no dot, slash or NUL, also not as a percent escape (SEC-S46). */
function decodeId (segment: string, maxLength: number): string | null {
  let id = segment
  if (segment.includes('%')) {
    try {
      id = decodeURIComponent(segment)
    } catch {
      return null
    }
  }
  return id === '' || id.length > maxLength || /[./\0]/.test(id) ? null : id
}

/** A property path of the parent window, of at most 32 characters (HTMLFILE-6, JSONP-5). */
const CALLBACK = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/

export type CallbackError = '"callback" parameter required' | 'invalid "callback" parameter'

/** Checks the callback parameter of htmlfile and jsonp, which the query has under `c` or `callback`. */
export function checkCallback (value: unknown): { callback: string } | { error: CallbackError } {
  if (value === undefined || value === '') return { error: '"callback" parameter required' }
  if (typeof value !== 'string' || !CALLBACK.test(value)) return { error: 'invalid "callback" parameter' }
  return { callback: value }
}

const FIXED_PATHS: Readonly<Partial<Record<RouteName, string>>> = { greeting: '', info: '/info', doctor: '/doctor', rawWebsocket: '/websocket' }

/** Writes the path of a route without the ids. They are the key to a session and hidden from the application (SESSION-21). */
export function shownPath (prefix: string, route: RouteName): string {
  return prefix + (FIXED_PATHS[route] ?? `/:server/:session/${route}`)
}

/**
 * Writes a URL below a prefix of `depth` segments for the log.
 *
 * The log shows no id and no query. If the URL is not a SockJS URL, it shows nothing behind the prefix.
 */
export function hideIds (url: string, depth: number): string {
  const segments = url.split('?', 1)[0]!.split('/')
  const prefix = segments.slice(0, depth + 1).join('/')
  const rest = segments.slice(depth + 1).map((segment) => '/' + segment).join('')
  const target = parseTarget(rest, Infinity)
  if (target === null) return prefix + '/*'
  return target.session === '' ? prefix + rest : shownPath(prefix, target.route)
}
