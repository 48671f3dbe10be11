'use strict'

// A server with every transport, as CommonJS; prints its URL, and ends on SIGTERM.
const Fastify = require('fastify')
const sockjs = require('fastify-sockjs')
const stomp = require('fastify-sockjs/stomp')

async function main () {
  const app = Fastify({ logger: { level: 'warn' } })
  await app.register(sockjs, { transports: { jsonp: true, htmlfile: true } })
  app.sockjs('/echo', async (session) => {
    for await (const message of session) session.send(message)
  })
  await app.register(stomp, { path: '/stomp', broker: stomp.memoryBroker() })
  app.stomp.message('/hello', () => undefined)
  process.once('SIGTERM', () => app.close())
  console.log(await app.listen({ port: 0, host: '127.0.0.1' }))
}

main()
