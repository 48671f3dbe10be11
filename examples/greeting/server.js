// A client sends its name, and all open pages show the greeting. After `npm run build`: node examples/greeting/server.js
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import sockjs from 'fastify-sockjs'
import stomp, { memoryBroker } from 'fastify-sockjs/stomp'

const app = Fastify({ logger: true })

await app.register(sockjs)
await app.register(stomp, { path: '/stomp', broker: memoryBroker() })

app.stomp.message('/hello', {
  schema: { body: { type: 'object', required: ['name'], properties: { name: { type: 'string', minLength: 1, maxLength: 40 } } } },
  sendTo: '/topic/greetings'
}, ({ body }) => ({ content: `Hello, ${body.name}!` }))

// The page, and the bundle of @stomp/stompjs that is installed.
const bundles = dirname(createRequire(import.meta.url).resolve('@stomp/stompjs'))
await app.register(fastifyStatic, { root: [fileURLToPath(new URL('.', import.meta.url)), bundles], serve: false })
app.get('/', (_request, reply) => reply.sendFile('index.html'))
app.get('/stomp.umd.min.js', (_request, reply) => reply.sendFile('stomp.umd.min.js'))

await app.listen({ port: Number(process.env.PORT ?? 3000) })
