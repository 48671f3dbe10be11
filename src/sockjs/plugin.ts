import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { oncePer } from '../core/once-per.ts'
import { Registration } from './endpoint/registration.ts'
import { SOCKJS_REPORTS, type SockjsReports } from '../telemetry/reports.ts'
import { errors } from './errors.ts'
import { facadeOf, type SockjsFacade } from './facade.ts'
import type { SockjsPluginOptions } from './options/options.ts'
import { warnOfTimeouts } from './options/timeouts.ts'
import { checkPluginOptions } from './options/validate.ts'
import { RemoteSessions } from './remote/index.ts'
import { EndpointPaths } from './upgrade/endpoint-paths.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Adds SockJS endpoints to this scope. */
    readonly sockjs: SockjsFacade
  }
}

async function registerSockjs (app: FastifyInstance, options: SockjsPluginOptions): Promise<void> {
  if (app.hasDecorator('sockjs')) throw new errors.AlreadyRegistered()
  checkPluginOptions(options)
  const registration = new Registration(app, options)
  const remote = registration.node === null ? null : new RemoteSessions(registration.node, registration.telemetry, registration.limits.maxLookupsPerAddress)
  if (remote !== null) {
    registration.foreign = remote.edge
    registration.tokens = remote.tokens
  }
  const paths = new EndpointPaths(app)
  const facadeFor = oncePer((scope: FastifyInstance) => facadeOf(registration, remote, paths, scope))
  app.decorate('sockjs', { getter (this: FastifyInstance) { return facadeFor(this) } } as never)
  app.decorate(SOCKJS_REPORTS, { clock: registration.clock, telemetry: registration.telemetry } satisfies SockjsReports)
  app.addHook('onReady', async () => {
    warnOfTimeouts(app)
    beforeClose(app, () => registration.shutDown())
    await registration.start()
  })
  app.addHook('preClose', () => registration.shutDown())
}

/**
 * Runs a function as the first step of `app.close()`.
 *
 * The hook `preClose` is too late. Before it, Fastify begins to answer every request with 503, and a client that comes back for its close
 * frame would not get it. Fastify calls functions given to `onClose` in reverse order, and it added its own before `onReady`.
 */
function beforeClose (app: FastifyInstance, first: () => Promise<void>): void {
  (app as unknown as { onClose (step: () => Promise<void>): void }).onClose(first)
}

/** The plugin: `await app.register(sockjs, options)`, then `app.sockjs(path, handler)` for each endpoint. */
export const sockjs = fp(registerSockjs, { fastify: '5.x', name: 'fastify-sockjs' })
