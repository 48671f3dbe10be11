// Sessions for members only: a hook checks the JWT, and the option `session` takes the user from it.
import jwt from '@fastify/jwt'
import Fastify from 'fastify'
import { SECRET } from '../token.js'
import { fromBuild } from './build.js'
import { ready } from './serve.js'

const { default: sockjs } = await fromBuild('index.js')

const app = Fastify({ keepAliveTimeout: 60_000 })
await app.register(jwt, { secret: SECRET })
await app.register(sockjs, { maxDetachedSessions: 100_000 })
app.sockjs('/bench', {
  origins: '*',
  onRequest: (request) => request.jwtVerify(),
  session: ({ user }) => ({ user: user.sub, attributes: { tenant: user.tenant } })
}, (session) => session.on('message', (message) => session.send(message)))
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
ready(app.server.address().port)
