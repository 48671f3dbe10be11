// A server with every transport, as an ES module; prints its URL, and ends on SIGTERM.
import Fastify from 'fastify'
import sockjs from 'fastify-sockjs'
import stomp, { memoryBroker } from 'fastify-sockjs/stomp'

async function main () {
  const app = Fastify({ logger: { level: 'warn' } })
  await app.register(sockjs, { transports: { jsonp: true, htmlfile: true } })
  app.sockjs('/echo', async (session) => {
    for await (const message of session) session.send(message)
  })
  await app.register(stomp, { path: '/stomp', broker: memoryBroker() })
  app.stomp.message('/hello', () => undefined)
  process.once('SIGTERM', () => app.close())
  console.log(await app.listen({ port: 0, host: '127.0.0.1' }))
}

main()
