import type { IncomingMessage, Server } from 'node:http'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import findMyWay, { type HTTPVersion, type Instance } from 'find-my-way'
import { UpgradeGate, type UpgradeOwner } from './gate.ts'

/** The router options that decide how a path may be written. */
const SPELLING = ['caseSensitive', 'ignoreDuplicateSlashes', 'ignoreTrailingSlash', 'useSemicolonDelimiter'] as const

type RewriteUrl = NonNullable<FastifyServerOptions['rewriteUrl']>

/**
 * The paths of the endpoints of one registration. The gate asks it whether an upgrade belongs to Fastify.
 *
 * The class matches paths with the router of Fastify and the router options of the application, so that both agree on case, slashes, escapes
 * and absolute URLs. Fastify alone decides which route gets the upgrade, constraints included.
 */
export class EndpointPaths implements UpgradeOwner {
  readonly #app: FastifyInstance
  readonly #router: Instance<HTTPVersion.V1>
  readonly #rewriteUrl: RewriteUrl | undefined
  #leave: (() => void) | null = null

  constructor (app: FastifyInstance) {
    this.#app = app
    // Older applications give these options beside `routerOptions`.
    const options: Record<string, unknown> = { ...app.initialConfig, ...app.initialConfig.routerOptions }
    this.#router = findMyWay({ ...Object.fromEntries(SPELLING.map((name) => [name, options[name]])), maxParamLength: Number.MAX_SAFE_INTEGER })
    this.#rewriteUrl = rewriteUrlOf(app)
    // The server may outlive the application, and run another one at the same paths.
    app.addHook('onClose', async () => this.#leave?.())
  }

  add (path: string): void {
    this.#leave ??= UpgradeGate.enter(this.#app.server as Server, this)
    if (this.#router.hasRoute('GET', path)) return
    for (const place of [path, path + '/*']) this.#router.on('GET', place, () => {})
  }

  owns (request: IncomingMessage): boolean {
    const rewritten: unknown = this.#rewriteUrl?.call(this.#app, request as never)
    // Fastify refuses another result when it routes the request.
    return this.#router.find('GET', typeof rewritten === 'string' ? rewritten : request.url ?? '') !== null
  }
}

/** Reads the option `rewriteUrl`. Fastify does not publish it, and calls it only when it routes a request. */
function rewriteUrlOf (app: FastifyInstance): RewriteUrl | undefined {
  for (let instance: object | null = app; instance !== null; instance = Object.getPrototypeOf(instance) as object | null) {
    const key = Object.getOwnPropertySymbols(instance).find(({ description }) => description === 'fastify.options')
    if (key !== undefined) return (instance as Record<symbol, FastifyServerOptions>)[key]!.rewriteUrl
  }
  return undefined
}
