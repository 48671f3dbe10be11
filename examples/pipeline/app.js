import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import jwt from '@fastify/jwt'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import sockjs from 'fastify-sockjs'
import kafkaBridge from 'fastify-sockjs/kafka'
import stomp, { clusterBroker, refusal, StompError } from 'fastify-sockjs/stomp'
import { COUNTS, MESSAGES, ROOMS } from './topics.js'

const KEPT = 50
const UUID = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'

const roomOf = (destination) => destination.split('/').at(-1)
const mayEnter = ({ user }, { destination }) => user.rooms.includes(roomOf(destination))

/** Makes one node. `kafka` is a client of the bridge, or `null` to leave Kafka out. */
export async function buildNode ({ name, engine, store, kafka, secret, logger = { level: 'warn' } }) {
  const app = Fastify({ logger })
  await app.register(jwt, { secret, sign: { expiresIn: '1h' } })
  await app.register(sockjs, { engine, node: name })
  await app.register(stomp, {
    path: '/stomp',
    broker: clusterBroker(),
    // The clients send to the route alone, so that each message has passed its checks.
    rules: [
      { type: 'connect', allow: 'authenticated' },
      { type: 'send', destination: '/app/rooms/*', allow: mayEnter },
      { type: 'subscribe', destination: ['/app/rooms/*', '/topic/rooms/*', '/topic/counts/*'], allow: mayEnter },
      { type: 'subscribe', destination: '/user/queue/errors', allow: 'all' }
    ]
  })
  if (kafka !== null) {
    await app.register(kafkaBridge, {
      client: kafka,
      group: 'pipeline-nodes',
      begin: 'earliest',
      out: [{ from: '/topic/rooms/*', topic: MESSAGES, key: ({ destination }) => roomOf(destination), confirm: true }],
      in: [{ topic: COUNTS, to: ({ key }) => `/topic/counts/${key}`, contentType: 'application/json' }]
    })
  }

  // 1. The token in CONNECT names the user and the rooms of the user.
  app.stomp.addHook('onConnect', ({ authorization }, session) => {
    let claims
    try {
      claims = app.jwt.verify(authorization?.replace(/^Bearer /, '') ?? '')
    } catch {
      throw new StompError('STOMP_AUTHENTICATION_FAILED')
    }
    session.user = { name: claims.sub, rooms: claims.rooms }
    session.expiresAt = claims.exp * 1000
  })

  // 2. The schema checks the body. 3. The store has the message. 4. The topic gets it, and Kafka by the bridge. Then comes the RECEIPT.
  app.stomp.message('/rooms/:room', {
    schema: {
      params: { type: 'object', properties: { room: { type: 'string', enum: ROOMS } } },
      body: {
        type: 'object',
        required: ['id', 'text'],
        properties: { id: { type: 'string', pattern: UUID }, text: { type: 'string', pattern: '\\S', maxLength: 500 } }
      }
    },
    sendTo: '/topic/rooms/:room'
  }, async ({ params: { room }, body: { id, text }, user }) => {
    // A client that sends a message again gives it the same id. No client can take the id of another user.
    const message = { id: `${user.name}/${id}`, from: user.name, text, node: name, time: Date.now() }
    try {
      await store.add(room, message)
    } catch (error) {
      // The code tells the client that it can send again. A body that the schema refuses has the code STOMP_HANDLER_FAILED.
      throw refusal('STOMP_BROKER_UNAVAILABLE', 'the message is not stored', false, error)
    }
    return message
  })

  // A page that was loaded again asks for the last messages and the count. It subscribes to the topics first.
  app.stomp.subscribe('/rooms/:room', async ({ params: { room } }) => {
    const [messages, count] = await Promise.all([store.last(room, KEPT), store.count(room)])
    return { node: name, kafka: kafka !== null, messages, count: count && { messages: count.messages, words: count.words } }
  })

  // Login: the token names the user and the room that the client asked for. A real application would check a password.
  app.post('/login', {
    schema: {
      body: {
        type: 'object',
        required: ['name', 'room'],
        properties: { name: { type: 'string', pattern: '^[\\p{L}\\p{N}]{1,24}$' }, room: { type: 'string', enum: ROOMS } }
      }
    }
  }, ({ body }) => ({ token: app.jwt.sign({ sub: body.name, rooms: [body.room] }) }))

  const headers = {
    'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'x-node': name
  }
  await app.register(fastifyStatic, {
    root: fileURLToPath(new URL('./public/', import.meta.url)),
    setHeaders: (reply) => { reply.headers(headers) }
  })
  const bundles = dirname(createRequire(import.meta.url).resolve('@stomp/stompjs'))
  app.get('/stomp.umd.min.js', (_request, reply) => reply.sendFile('stomp.umd.min.js', bundles))
  return app
}
