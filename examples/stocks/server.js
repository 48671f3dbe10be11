// Sends changing prices, as a stream for each subscription. After `npm run build`: node examples/stocks/server.js
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import Fastify from 'fastify'
import sockjs from 'fastify-sockjs'
import stomp, { memoryBroker } from 'fastify-sockjs/stomp'
import { Market } from './market.js'

const app = Fastify({ logger: true })
await app.register(sockjs)
await app.register(stomp, { path: '/stomp', broker: memoryBroker(), clientSend: 'application-only' })

const market = new Market({ ACME: 120, INIT: 45, VOID: 8 })

// One answer: the list of symbols.
app.stomp.subscribe('/symbols', () => market.symbols)

// A stream that lasts as long as the subscription. A slow client does not get every price, but the latest one.
app.stomp.subscribe('/prices/:symbol', {
  schema: { params: { type: 'object', properties: { symbol: { type: 'string', enum: market.symbols } } } }
}, ({ params, signal }) => market.prices(params.symbol, signal))

const stompjs = await readFile(createRequire(import.meta.url).resolve('@stomp/stompjs'))
app.get('/stomp.js', (_request, reply) => reply.type('text/javascript').send(stompjs))
app.get('/', (_request, reply) => reply.type('text/html').send(`<!doctype html>
<title>Stocks</title>
<meta name="viewport" content="width=device-width">
<style>body { font: 1.1rem system-ui; margin: 3rem auto; max-width: 20rem } td { padding: .3rem 1rem } td + td { text-align: right; font-variant-numeric: tabular-nums }</style>
<h1>Stocks</h1>
<table></table>
<p role="status">Connecting …</p>
<script src="/stomp.js"></script>
<script>
  const client = new StompJs.Client({ brokerURL: location.origin.replace('http', 'ws') + '/stomp' })
  const say = (text) => { document.querySelector('[role=status]').textContent = text }
  client.onConnect = () => {
    say('Live.')
    document.querySelector('table').replaceChildren()
    client.subscribe('/app/symbols', ({ body }) => JSON.parse(body).forEach(show))
  }
  client.onWebSocketClose = () => say('Not connected; trying again …')
  function show (symbol) {
    const row = document.querySelector('table').insertRow()
    row.insertCell().textContent = symbol
    const price = row.insertCell()
    client.subscribe('/app/prices/' + symbol, ({ body }) => { price.textContent = JSON.parse(body).price.toFixed(2) })
  }
  client.activate()
</script>`))

await app.listen({ port: Number(process.env.PORT ?? 3000) })
