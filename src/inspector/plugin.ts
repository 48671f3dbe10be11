import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { inspectorPage } from '../embedded/inspector-page.ts'
import { serveStaticPage } from '../pages/static-page.ts'
import { inspectorErrors } from './errors.ts'
import { Inspector } from './inspector.ts'
import { serveCommands } from './live.ts'
import { type InspectorOptions, resolveInspectorOptions } from './options.ts'

/** Bytes of a command. The longest has a filter, and a text for a close frame. */
const MAX_COMMAND = 4_096

async function registerInspector (app: FastifyInstance, given: InspectorOptions): Promise<void> {
  if (!app.hasDecorator('sockjs')) throw new inspectorErrors.NeedsSockjs()
  const options = resolveInspectorOptions(given)
  const { path, guards, origins } = options
  const endpoint = app.sockjs(`${path}/live`, {
    ...guards,
    origins,
    maxMessageSize: MAX_COMMAND,
    // The page needs no transport whose requests carry no origin.
    transports: { htmlfile: false, jsonp: false, iframe: false, eventsource: false, rawWebsocket: false },
    sessionCookie: false
  }, (session) => serveCommands(session, inspector))
  const inspector: Inspector = new Inspector(app, endpoint, options)
  serveStaticPage(app, { path, files: inspectorPage, guards })
  app.addHook('preClose', async () => inspector.stop())
}

/** The plugin. Register it behind fastify-sockjs: `await app.register(inspector, { path: '/inspector', onRequest: app.authenticate })`. */
export const inspector = fp(registerInspector, { fastify: '5.x', name: 'fastify-sockjs/inspector' })
