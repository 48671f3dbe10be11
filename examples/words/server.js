// Streams the words of a slow generator, over cuts and restarts. After `npm run build`: node examples/words/start.js
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import sockjs from 'fastify-sockjs'
import stomp, { memoryBroker } from 'fastify-sockjs/stomp'
import { Answers } from './answers.js'
import { contract } from './public/contract.js'

const app = Fastify({ logger: true })
await app.register(sockjs)
await app.register(stomp, {
  path: '/stomp',
  broker: memoryBroker(),
  clientSend: 'application-only',
  // A connection that was cut is followed by another one of the same session. The stream goes on where it was.
  endpoint: { resume: { within: 30_000 } },
  asyncapi: { path: '/asyncapi', info: { title: 'Words', version: '1.0.0' } }
})

const answers = new Answers(process.env.WORDS_FOLDER ?? join(tmpdir(), 'fastify-sockjs-words'))

app.stomp.contract(contract, {
  messages: {
    '/app/answers/:id': async ({ params: { id }, body: { prompt } }) => { await answers.ask(id, prompt) }
  },
  subscriptions: {
    // When the session is lost, the page subscribes again, and gets the answer from the first word on. It knows the words that it has.
    '/app/answers/:id': async ({ params: { id }, signal }) => (await answers.find(id)).read(signal)
  }
})

// For the two buttons of the page. A real server has neither.
const connections = new Set()
app.server.on('connection', (socket) => {
  connections.add(socket)
  socket.on('close', () => connections.delete(socket))
})
app.post('/cut', (request) => {
  // Node cannot reset a connection that is ending.
  const others = [...connections].filter((socket) => socket !== request.raw.socket && !socket.writableEnded)
  for (const socket of others) socket.resetAndDestroy()
  return { cut: others.length }
})
app.post('/crash', () => process.kill(process.pid, 'SIGKILL'))

const modules = fileURLToPath(new URL('./', import.meta.resolve('fastify-sockjs/contract')))
await app.register(fastifyStatic, { root: fileURLToPath(new URL('./public/', import.meta.url)) })
await app.register(fastifyStatic, { root: modules, prefix: '/fastify-sockjs/', decorateReply: false })

await app.listen({ port: Number(process.env.PORT ?? 3000) })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())
