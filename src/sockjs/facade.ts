import type { FastifyInstance, LogLevel, RegisterOptions } from 'fastify'
import { shorten } from '../core/shorten.ts'
import { shown } from '../core/suggestion.ts'
import type { EngineState } from '../engine/engine.ts'
import type { Message } from '../stream/message-stream.ts'
import type { PreparedMessage } from '../stream/prepared-message.ts'
import type { Metric } from '../telemetry/metric.ts'
import { prepare } from './endpoint/broadcast.ts'
import { Endpoint, type SessionHandler } from './endpoint/endpoint.ts'
import type { Registration } from './endpoint/registration.ts'
import { errors } from './errors.ts'
import type { DrainOptions, EndpointOptions, SessionFunction } from './options/options.ts'
import { resolveOptions } from './options/resolve.ts'
import { checkDrainOptions, checkEndpointOptions } from './options/validate.ts'
import type { RemoteSessions } from './remote/index.ts'
import { SessionLog } from './endpoint/session-log.ts'
import { logSerializers } from './request/log.ts'
import { endpointScope } from './scope.ts'
import type { AnySession, Session } from './session/index.ts'
import type { EndpointPaths } from './upgrade/endpoint-paths.ts'

/** A node of a cluster, for health checks and logs. */
export interface NodeState {
  /** The id of this start of the node. */
  readonly id: string
  /** The name of the node: the option `node`. */
  readonly name: string
  /** The state of the engine. While it is `unavailable`, this node serves its own sessions only. */
  readonly state: EngineState
  /** The names of the other nodes that are alive. */
  readonly peers: readonly string[]
}

/** The type of `app.sockjs`, which adds endpoints to the scope in which it is read. They have the prefix, the hooks and the log of that scope. */
export interface SockjsFacade {
  /**
   * Adds an endpoint.
   *
   * @param path literal text that begins with `/`. The prefix of the scope comes before it. `/` alone is the prefix itself.
   * @param options see `EndpointOptions`. Options that are left out come from the registration.
   * @param handler called once for each session, when its first receiver is attached. If it throws, or its promise rejects, the session
   * closes with 1011. Its result is ignored.
   * @throws FST_SOCKJS_INVALID_PATH, FST_SOCKJS_INVALID_OPTION, FST_SOCKJS_INVALID_HANDLER, FST_SOCKJS_DUPLICATE_ENDPOINT,
   * FST_SOCKJS_TOO_LATE
   */
  <User, Attributes = Record<string, unknown>>(path: string,
    options: Omit<EndpointOptions, 'session'> & { session: SessionFunction<User, Attributes> },
    handler: SessionHandler<Session<User, Attributes>>): Endpoint
  (path: string, options: EndpointOptions, handler: SessionHandler): Endpoint
  (path: string, handler: SessionHandler): Endpoint
  /**
   * All endpoints of the registration, by path.
   *
   * Several endpoints may have one path with different `constraints`. The first has the path as its key. The others have the path and their
   * constraints, such as `/echo host="b.example"`.
   */
  readonly endpoints: ReadonlyMap<string, Endpoint>
  /**
   * Encodes a message once, so that it can be sent to many sessions.
   *
   * @throws FST_SOCKJS_INVALID_MESSAGE
   */
  prepare (message: Message): PreparedMessage
  /** The node of this process among its peers, with the option `engine`; else `null`. */
  readonly node: NodeState | null
  /** True from the call of `drain()` or `app.close()` on. A health check can report it. */
  readonly draining: boolean
  /**
   * Reads all instruments of the SockJS product: sessions, messages, bytes, refusals, and the node among its peers.
   *
   * docs/observability.md lists them. The values are those of this process.
   */
  metrics (): Metric[]
  /**
   * Empties the server before a restart.
   *
   * From the call on, `/info` and new sessions get 503, and the open sessions close in slices. The promise resolves when the clients have
   * read their close frames. Call `app.close()` after that.
   *
   * @throws FST_SOCKJS_INVALID_OPTION
   */
  drain (options?: DrainOptions): Promise<void>
}

/** @internal Makes the facade of a scope. Its declaration is left out of the package, because it would need the declarations of `ws`. */
export function facadeOf (registration: Registration, remote: RemoteSessions | null, paths: EndpointPaths, scope: FastifyInstance): SockjsFacade {
  function sockjs (path: string, options: EndpointOptions | SessionHandler | undefined, handler?: SessionHandler): Endpoint {
    checkPath(path)
    if (typeof options !== 'function') return addEndpoint(registration, remote, paths, scope, path, options === undefined ? {} : options, handler)
    if (handler !== undefined) throw new errors.InvalidHandler(path, `the options come before the handler, but the handler is followed by ${shown(handler)}`)
    return addEndpoint(registration, remote, paths, scope, path, {}, options)
  }
  const members = {
    endpoints: registration.endpoints,
    prepare,
    metrics: () => registration.telemetry.metrics(),
    async drain (options: DrainOptions = {}) {
      checkDrainOptions(options)
      await registration.drain(options)
    }
  }
  const facade = Object.assign(sockjs, members)
  return Object.defineProperties(facade, {
    draining: { get: () => registration.draining },
    node: { get: () => nodeStateOf(registration) }
  }) as typeof facade & Pick<SockjsFacade, 'draining' | 'node'>
}

function nodeStateOf ({ node }: Registration): NodeState | null {
  return node === null ? null : { id: node.id, name: node.name, state: node.state, peers: [...node.members.all].map(({ name }) => name) }
}

function addEndpoint (registration: Registration, remote: RemoteSessions | null, paths: EndpointPaths, scope: FastifyInstance, path: string, options: EndpointOptions, handler: SessionHandler | undefined): Endpoint {
  if (typeof handler !== 'function') throw new errors.InvalidHandler(path, `the handler must be a function, not ${shown(handler)}`)
  checkEndpointOptions(options)
  const resolved = resolveOptions(registration.options, options)
  const fullPath = fullPathOf(scope.prefix, path)
  const place = placeOf(fullPath, options)
  if (registration.places.has(place)) throw new errors.DuplicateEndpoint(place)
  const endpoint = new Endpoint(registration, fullPath, place, resolved, handler as SessionHandler<AnySession>, new SessionLog(scope, fullPath))
  const scopeOptions: RegisterOptions = { prefix: path === '/' ? '' : path, logSerializers: logSerializers(fullPath) as never }
  if (options.logLevel !== undefined) scopeOptions.logLevel = options.logLevel as LogLevel
  addScope(scope, endpointScope(endpoint, remote, options), scopeOptions, fullPath)
  registration.places.add(place)
  registration.endpoints.set(registration.endpoints.has(fullPath) ? place : fullPath, endpoint)
  paths.add(fullPath)
  return endpoint
}

/** Joins a prefix and a path as Fastify does. `/` is the prefix itself. */
function fullPathOf (prefix: string, path: string): string {
  const above = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix
  const fullPath = path === '/' ? above : above + path
  if (fullPath === '') throw new errors.InvalidPath('/', 'must have a name at the root of the application, such as /echo; / is an endpoint only in a scope with a prefix')
  return fullPath
}

/** Makes the text that no two endpoints share: the path, and the constraints by which Fastify routes. */
function placeOf (path: string, { constraints = {} }: EndpointOptions): string {
  const names = Object.entries(constraints).map(([name, value]) => `${name}=${value instanceof RegExp ? String(value) : JSON.stringify(value)}`)
  return [path, ...names.sort()].join(' ')
}

/** Adds the scope of an endpoint. Once Fastify has started it takes no more routes, and the call throws. */
function addScope (scope: FastifyInstance, plugin: ReturnType<typeof endpointScope>, place: RegisterOptions, path: string): void {
  try {
    scope.register(plugin, place)
  } catch (error) {
    throw (error as { code?: unknown }).code === 'AVV_ERR_ROOT_PLG_BOOTED' ? new errors.TooLate(path) : error
  }
}

/** Checks that a path is literal text (URL-10). A text that Fastify would read as a pattern is refused. */
function checkPath (path: unknown): void {
  const problem = typeof path !== 'string' || !path.startsWith('/')
    ? 'must be a text that begins with /'
    : path !== '/' && path.endsWith('/')
      ? 'must not end with /'
      : /[:*?#%\s]|\/\//.test(path) ? 'must be literal text, without : * ? # % or spaces' : null
  if (problem !== null) throw new errors.InvalidPath(typeof path === 'string' ? shorten(path, 200) : shown(path), problem)
}
