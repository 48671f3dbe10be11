import type { FastifyInstance, LogLevel, RegisterOptions } from 'fastify'
import { shorten } from '../core/shorten.ts'
import { shown } from '../core/suggestion.ts'
import type { Message } from '../stream/message-stream.ts'
import type { PreparedMessage } from '../stream/prepared-message.ts'
import { prepare } from './endpoint/broadcast.ts'
import { Endpoint, type SessionHandler } from './endpoint/endpoint.ts'
import type { Registration } from './endpoint/registration.ts'
import { errors } from './errors.ts'
import type { DrainOptions, EndpointOptions, SessionFunction } from './options/options.ts'
import { resolveOptions } from './options/resolve.ts'
import { checkDrainOptions, checkEndpointOptions } from './options/validate.ts'
import { logSerializers } from './request/log.ts'
import { endpointScope } from './scope.ts'
import type { AnySession, Session } from './session/index.ts'
import type { EndpointPaths } from './upgrade/endpoint-paths.ts'

/** `app.sockjs`: adds endpoints to the scope it is read in, with that scope's prefix, hooks and log. */
export interface SockjsFacade {
  /**
   * Adds an endpoint.
   *
   * @param path literal text that begins with `/`; the scope's prefix comes before it. `/` alone is the prefix itself.
   * @param options see `EndpointOptions`; other options come from the registration.
   * @param handler called once for each session, when its first receiver is attached. An error that it throws or rejects
   * with closes the session with 1011. Its result is ignored.
   * @throws FST_SOCKJS_INVALID_PATH, FST_SOCKJS_INVALID_OPTION, FST_SOCKJS_INVALID_HANDLER,
   * FST_SOCKJS_DUPLICATE_ENDPOINT, FST_SOCKJS_TOO_LATE
   */
  <User, Attributes = Record<string, unknown>>(path: string,
    options: Omit<EndpointOptions, 'session'> & { session: SessionFunction<User, Attributes> },
    handler: SessionHandler<Session<User, Attributes>>): Endpoint
  (path: string, options: EndpointOptions, handler: SessionHandler): Endpoint
  (path: string, handler: SessionHandler): Endpoint
  /**
   * All endpoints of the registration, by path. Several endpoints may have one path with different `constraints`: the first has the path as its key, the
   * others the path and their constraints, such as `/echo host="b.example"`.
   */
  readonly endpoints: ReadonlyMap<string, Endpoint>
  /**
   * A message that is encoded once, to be sent to many sessions.
   *
   * @throws FST_SOCKJS_INVALID_MESSAGE
   */
  prepare (message: Message): PreparedMessage
  /** True since `drain()` or `app.close()` was called: let the health check say so. */
  readonly draining: boolean
  /**
   * Empties the server before a restart: from now on `/info` and new sessions get 503, and the open sessions close in slices.
   * Resolves when the clients have taken their close frames; `app.close()` comes after that.
   *
   * @throws FST_SOCKJS_INVALID_OPTION
   */
  drain (options?: DrainOptions): Promise<void>
}

/** @internal Without its declaration, the declarations of `ws` stay out of ours. */
export function facadeOf (registration: Registration, paths: EndpointPaths, scope: FastifyInstance): SockjsFacade {
  function sockjs (path: string, options: EndpointOptions | SessionHandler | undefined, handler?: SessionHandler): Endpoint {
    checkPath(path)
    if (typeof options !== 'function') return addEndpoint(registration, paths, scope, path, options === undefined ? {} : options, handler)
    if (handler !== undefined) throw new errors.InvalidHandler(path, `the options come before the handler, but the handler is followed by ${shown(handler)}`)
    return addEndpoint(registration, paths, scope, path, {}, options)
  }
  const members = {
    endpoints: registration.endpoints,
    prepare,
    async drain (options: DrainOptions = {}) {
      checkDrainOptions(options)
      await registration.drain(options)
    }
  }
  const facade = Object.assign(sockjs, members)
  return Object.defineProperty(facade, 'draining', { get: () => registration.draining }) as typeof facade & { readonly draining: boolean }
}

function addEndpoint (registration: Registration, paths: EndpointPaths, scope: FastifyInstance, path: string, options: EndpointOptions, handler: SessionHandler | undefined): Endpoint {
  if (typeof handler !== 'function') throw new errors.InvalidHandler(path, `the handler must be a function, not ${shown(handler)}`)
  checkEndpointOptions(options)
  const resolved = resolveOptions(registration.options, options)
  const fullPath = fullPathOf(scope.prefix, path)
  const place = placeOf(fullPath, options)
  if (registration.places.has(place)) throw new errors.DuplicateEndpoint(place)
  const endpoint = new Endpoint(registration, fullPath, resolved, handler as SessionHandler<AnySession>, scope.log)
  const scopeOptions: RegisterOptions = { prefix: path === '/' ? '' : path, logSerializers: logSerializers(fullPath) as never }
  if (options.logLevel !== undefined) scopeOptions.logLevel = options.logLevel as LogLevel
  addScope(scope, endpointScope(endpoint, options), scopeOptions, fullPath)
  registration.places.add(place)
  registration.endpoints.set(registration.endpoints.has(fullPath) ? place : fullPath, endpoint)
  paths.add(fullPath)
  return endpoint
}

/** The path of an endpoint, as Fastify puts prefixes together; `/` stands for the prefix itself. */
function fullPathOf (prefix: string, path: string): string {
  const above = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix
  const fullPath = path === '/' ? above : above + path
  if (fullPath === '') throw new errors.InvalidPath('/', 'must have a name at the root of the application, such as /echo; / is an endpoint only in a scope with a prefix')
  return fullPath
}

/** The text that no two endpoints share: the path, and the constraints that Fastify routes by. */
function placeOf (path: string, { constraints = {} }: EndpointOptions): string {
  const names = Object.entries(constraints).map(([name, value]) => `${name}=${value instanceof RegExp ? String(value) : JSON.stringify(value)}`)
  return [path, ...names.sort()].join(' ')
}

/** Fastify takes no more routes once it has started; then there is no endpoint. */
function addScope (scope: FastifyInstance, plugin: ReturnType<typeof endpointScope>, place: RegisterOptions, path: string): void {
  try {
    scope.register(plugin, place)
  } catch (error) {
    throw (error as { code?: unknown }).code === 'AVV_ERR_ROOT_PLG_BOOTED' ? new errors.TooLate(path) : error
  }
}

/** URL-10: a path is literal text; a text that Fastify would read as a pattern is refused. */
function checkPath (path: unknown): void {
  const problem = typeof path !== 'string' || !path.startsWith('/')
    ? 'must be a text that begins with /'
    : path !== '/' && path.endsWith('/')
      ? 'must not end with /'
      : /[:*?#%\s]|\/\//.test(path) ? 'must be literal text, without : * ? # % or spaces' : null
  if (problem !== null) throw new errors.InvalidPath(typeof path === 'string' ? shorten(path, 200) : shown(path), problem)
}
