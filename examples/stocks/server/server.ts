// Sends changing prices to a page with React. In this folder: npm install && npm start
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import sockjs from 'fastify-sockjs'
import stomp, { memoryBroker } from 'fastify-sockjs/stomp'
import { contract, type Quote } from '../contract.ts'
import { Market } from './market.ts'

const EVERY = 200

const app = Fastify({ logger: true })
await app.register(sockjs)
await app.register(stomp, {
  path: '/stomp',
  endpoint: { resume: true },
  // A new subscriber gets the last quote at once, even if the price does not change for hours.
  broker: memoryBroker({ history: [{ pattern: '/topic/quotes/*', replay: 'last' }] }),
  clientSend: 'application-only',
  asyncapi: { path: '/asyncapi', info: { title: 'Stocks', version: '1.0.0' } }
})

const market = new Market({ ACME: 120, INIT: 45, OCTET: 256, VOID: 8 })

const server = app.stomp.contract(contract, {
  subscriptions: { '/app/symbols': () => market.symbols }
})

const publish = (quote: Quote): Promise<void> => server.publish('/topic/quotes/:symbol', quote, { params: { symbol: quote.symbol } })

// The page that Vite has built.
await app.register(fastifyStatic, { root: fileURLToPath(new URL('../page/', import.meta.url)) })

await app.listen({ port: Number(process.env['PORT'] ?? 3000) })
await Promise.all(market.quotes.map(publish))
const steps = setInterval(() => { publish(market.step()).catch((error: unknown) => app.log.error(error)) }, EVERY)
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    clearInterval(steps)
    app.close().catch((error: unknown) => app.log.error(error))
  })
}
