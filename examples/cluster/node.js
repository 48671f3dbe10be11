// One node of the cluster; start.js runs three of them.
import { readdir, readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import Fastify from 'fastify'
import sockjs from 'fastify-sockjs'

const { ENGINE, ENGINE_SECRET: secret, NODE_NAME: name } = process.env

/** The application hands its own client to the engine. */
async function makeEngine () {
  if (ENGINE.startsWith('nats:')) {
    const { connect } = await import('nats')
    const { natsEngine } = await import('fastify-sockjs/nats')
    return natsEngine({ connect: () => connect({ servers: ENGINE, reconnectTimeWait: 250 }), namespace: 'example', secret })
  }
  const { Redis } = await import('ioredis')
  const { redisEngine } = await import('fastify-sockjs/redis')
  return redisEngine({ client: new Redis(ENGINE, { lazyConnect: true }), namespace: 'example', secret })
}

const app = Fastify({ logger: { level: 'warn' } })
await app.register(sockjs, { engine: await makeEngine(), node: name })

// The page reads this header, to show which node has served a request.
app.addHook('onRequest', async (_request, reply) => { reply.header('x-node', name) })

const room = app.sockjs('/where', (session) => {
  session.on('message', (text) => {
    // A word to all sessions of all nodes, or an answer to this session.
    if (text.startsWith('all:')) room.cluster.broadcast(JSON.stringify({ from: name, text: text.slice(4) })).catch((error) => app.log.warn(error))
    else session.send(JSON.stringify({ owner: name, text }))
  })
})

app.sockjs('/plain', (session) => { session.on('message', (text) => session.send(text)) })

const TYPES = { '.html': 'text/html; charset=UTF-8', '.css': 'text/css; charset=UTF-8', '.js': 'text/javascript; charset=UTF-8' }
const folder = new URL('public/', import.meta.url)
for (const file of await readdir(folder)) {
  const body = await readFile(new URL(file, folder))
  app.get(file === 'index.html' ? '/' : `/${file}`, (_request, reply) => reply.type(TYPES[extname(file)]).send(body))
}

await app.listen({ port: 0 })
process.send({ port: app.server.address().port })
process.on('SIGTERM', () => app.sockjs.drain({ rate: 1, deadline: 1_000 }).then(() => app.close()).then(() => process.exit(0)))
// A node that has lost its parent has no balancer either.
process.on('disconnect', () => process.exit(0))
