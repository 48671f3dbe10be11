// A chat with rooms. After `npm run build`: node examples/chat/server.js
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import sockjs from 'fastify-sockjs'
import stomp, { memoryBroker, StompError } from 'fastify-sockjs/stomp'
import { Rooms } from './rooms.js'

const app = Fastify({ logger: true })

await app.register(sockjs)
await app.register(stomp, {
  path: '/stomp',
  broker: memoryBroker(),
  // A subscriber of /topic/$presence/rooms/Lobby learns who subscribes to /topic/rooms/Lobby.
  presence: [{ pattern: '/topic/rooms/*' }],
  // The document of the routes at /asyncapi.json, and a page to try them at /asyncapi.
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

const rooms = new Rooms(['Lobby', 'Kitchen', 'Workshop'])
const params = { type: 'object', properties: { room: { type: 'string', enum: rooms.names } } }

app.stomp.message('/rooms/:room', {
  summary: 'Says something in a room',
  examples: [{ text: 'hello' }],
  schema: {
    params,
    body: { type: 'object', required: ['text'], properties: { text: { type: 'string', pattern: '\\S', maxLength: 500 } } }
  },
  sendTo: '/topic/rooms/:room'
}, ({ params: { room }, body: { text }, user }) => rooms.add(room, user.name, text))

// The earlier messages of a room: one answer to the subscription.
app.stomp.subscribe('/rooms/:room', { summary: 'The earlier messages of a room', schema: { params } }, ({ params: { room } }) => rooms.messages(room))

// The names of the rooms. A page learns the people in each room from the option `presence`.
app.stomp.subscribe('/rooms', { summary: 'The names of the rooms' }, () => rooms.names)

// The page, and the bundle of @stomp/stompjs that is installed.
const bundles = dirname(createRequire(import.meta.url).resolve('@stomp/stompjs'))
await app.register(fastifyStatic, { root: fileURLToPath(new URL('./public/', import.meta.url)) })
app.get('/stomp.umd.min.js', (_request, reply) => reply.sendFile('stomp.umd.min.js', bundles))

await app.listen({ port: Number(process.env.PORT ?? 3000) })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())
