import Fastify from 'fastify'
import sockjs, { errors, ManualClock } from 'fastify-sockjs'
import stomp, { memoryBroker } from 'fastify-sockjs/stomp'
import SockJS from 'sockjs-client'

if (typeof errors.InvalidOption !== 'function' || typeof ManualClock !== 'function') throw new Error('a named export is missing')

const app = Fastify()
await app.register(sockjs)
app.sockjs('/echo', async (session) => {
  for await (const message of session) session.send(message)
})
await app.register(stomp, { path: '/stomp', broker: memoryBroker() })
app.stomp.message('/hello', { sendToSender: '/queue/hello' }, ({ body }) => ({ content: `Hello, ${body.name}!` }))
const address = await app.listen({ port: 0, host: '127.0.0.1' })

const ask = (transports) => new Promise((resolve, reject) => {
  const socket = new SockJS(`${address}/echo`, null, { transports })
  socket.onopen = () => socket.send('hello')
  socket.onmessage = ({ data }) => { resolve(data); socket.close() }
  socket.onclose = ({ code, reason }) => reject(new Error(`${code} ${reason}`))
})
const answers = { websocket: await ask('websocket'), 'xhr-polling': await ask('xhr-polling') }

const client = await app.stomp.inject({ user: { name: 'kim' } })
await client.subscribe('/user/queue/hello')
await client.send('/app/hello', { name: 'kim' })
console.log(JSON.stringify({ ...answers, stomp: await client.nextJson(10_000) }))
await app.close()
