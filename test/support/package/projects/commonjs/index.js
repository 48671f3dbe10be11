'use strict'

const Fastify = require('fastify')
const sockjs = require('fastify-sockjs')
const { errors, ManualClock } = require('fastify-sockjs')
const stomp = require('fastify-sockjs/stomp')
const SockJS = require('sockjs-client')

if (typeof errors.InvalidOption !== 'function' || typeof ManualClock !== 'function') throw new Error('a named export is missing')

async function main () {
  const app = Fastify()
  await app.register(sockjs)
  app.sockjs('/echo', (session) => {
    session.on('message', (message) => session.send(message))
  })
  await app.register(stomp, { path: '/stomp', broker: stomp.memoryBroker() })
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
}

main()
