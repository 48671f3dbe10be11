// Works together with plugins that most applications use. After `npm run build`: node examples/plugins/server.js
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import jwt from '@fastify/jwt'
import rateLimit from '@fastify/rate-limit'
import Fastify from 'fastify'
import sockjs from 'fastify-sockjs'

const ORIGINS = ['https://app.example.com']

const app = Fastify({ logger: true })

await app.register(helmet)
await app.register(cookie)
await app.register(jwt, { secret: process.env.JWT_SECRET ?? 'only for this example', cookie: { cookieName: 'token', signed: false } })
await app.register(sockjs, { origins: ORIGINS, maxSessionsPerAddress: 20 })

// The API has its own CORS, and a limit of 100 requests a minute.
await app.register(async (api) => {
  await api.register(cors, { origin: ORIGINS, credentials: true })
  await api.register(rateLimit, { max: 100, timeWindow: '1 minute' })

  api.post('/login', {
    schema: { body: { type: 'object', required: ['name'], properties: { name: { type: 'string', minLength: 1, maxLength: 40 } } } }
  }, (request, reply) => reply
    .setCookie('token', app.jwt.sign({ name: request.body.name }), { path: '/', httpOnly: true, sameSite: 'strict' })
    .send({ name: request.body.name }))
}, { prefix: '/api' })

// The endpoint answers CORS itself, by the same list. A polling client sends many requests, so the limit counts sessions.
app.sockjs('/chat', {
  onRequest: (request) => request.jwtVerify(),
  session: async (request) => ({ user: request.user })
}, (session) => {
  session.send(`hello ${session.user.name}`)
  session.on('message', (text) => session.send(`${session.user.name}: ${text}`))
})

await app.listen({ port: Number(process.env.PORT ?? 3000) })
