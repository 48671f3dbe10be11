import Fastify from 'fastify'
import { fromBuild } from './build.js'
import { certificate } from './certificate.js'
import { HEARTBEAT, mode, ready, settings } from './serve.js'

const { default: sockjs } = await fromBuild('index.js')

const HANDLERS = {
  echo: (session) => session.on('message', (message) => session.send(message)),
  broadcast: (session) => session.on('message', (message) => endpoint.broadcast(message))
}

const app = Fastify({ keepAliveTimeout: 60_000, https: certificate() })
// Ids of sessions that have ended are kept for five seconds: a client that opens thousands a second would pass the bound for them.
await app.register(sockjs, { maxDetachedSessions: 100_000 })
const endpoint = app.sockjs('/bench', { origins: '*', heartbeat: HEARTBEAT, ...settings.endpoint }, HANDLERS[mode])
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
ready(app.server.address().port)
