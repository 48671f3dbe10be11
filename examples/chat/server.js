// A chat with rooms. After `npm run build`: node examples/chat/server.js
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import sockjs from 'fastify-sockjs'
import stomp, { memoryBroker, StompError } from 'fastify-sockjs/stomp'
import { contract, ROOMS } from './public/contract.js'
import { Rooms } from './rooms.js'

const app = Fastify({ logger: true })

await app.register(sockjs)
await app.register(stomp, {
  path: '/stomp',
  // A page that changes its network keeps its session.
  endpoint: { resume: true },
  // A page whose session has ended gets the messages that it missed.
  broker: memoryBroker({ history: [{ pattern: '/topic/rooms/*' }] }),
  // A subscriber of /topic/$presence/rooms/Lobby learns who subscribes to /topic/rooms/Lobby.
  presence: [{ pattern: '/topic/rooms/*' }],
  // The document of the contract at /asyncapi.json, and a page to try it at /asyncapi.
  asyncapi: { path: '/asyncapi', info: { title: 'Chat', version: '1.0.0' }, security: ['login'] },
  // Clients may send only to the routes below.
  rules: [
    { type: 'connect', allow: 'authenticated' },
    { type: 'send', destination: '/app/rooms/*', allow: 'all' },
    { type: 'subscribe', destination: ['/app/rooms', '/app/rooms/*', '/topic/rooms/*', '/topic/$presence/rooms/*', '/user/queue/errors'], allow: 'all' }
  ]
})

// The user is a name that the client chooses. A real chat would check a token instead.
app.stomp.addHook('onConnect', ({ login = '' }, session) => {
  const name = login.trim()
  if (!/^[\p{L}\p{N} ._-]{1,24}$/u.test(name)) throw new StompError('STOMP_AUTHENTICATION_FAILED', 'a name has 1 to 24 letters')
  session.user = { name }
})

const rooms = new Rooms(ROOMS)

// The schemas of the contract judge each message before a handler has it, and each answer before it leaves.
app.stomp.contract(contract, {
  messages: {
    '/app/rooms/:room': ({ params: { room }, body: { text }, user }) => rooms.add(room, user.name, text)
  },
  subscriptions: {
    '/app/rooms': () => ROOMS,
    '/app/rooms/:room': ({ params: { room } }) => rooms.messages(room)
  }
})

// The page, and the modules of the package for it. A page that a bundler builds needs only its bundle.
const modules = fileURLToPath(new URL('./', import.meta.resolve('fastify-sockjs/contract')))
await app.register(fastifyStatic, { root: fileURLToPath(new URL('./public/', import.meta.url)) })
await app.register(fastifyStatic, { root: modules, prefix: '/fastify-sockjs/', decorateReply: false })

await app.listen({ port: Number(process.env.PORT ?? 3000) })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())
