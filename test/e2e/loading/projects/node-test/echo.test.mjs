import assert from 'node:assert/strict'
import test from 'node:test'
import Fastify from 'fastify'
import sockjs from 'fastify-sockjs'
import stomp, { memoryBroker } from 'fastify-sockjs/stomp'

test('an echo, and an answer over STOMP', async () => {
  const app = Fastify()
  await app.register(sockjs)
  app.sockjs('/echo', (session) => {
    session.on('message', (text) => session.send(text))
  })
  await app.register(stomp, { path: '/stomp', broker: memoryBroker() })
  app.stomp.message('/hello', { sendToSender: '/queue/hello' }, ({ body }) => ({ content: `Hello, ${body.name}!` }))
  await app.ready()
  assert.equal((await app.inject('/echo/info')).json().websocket, true)

  const heard = new Promise((resolve) => {
    app.sockjs.endpoints.get('/echo').injectWS('/echo/websocket', {}, { onInit: (ws) => ws.on('message', (data) => resolve(String(data))) })
      .then((ws) => ws.send('hello'))
  })
  assert.equal(await heard, 'hello')

  const client = await app.stomp.inject({ user: { name: 'kim' } })
  await client.subscribe('/user/queue/hello')
  await client.send('/app/hello', { name: 'kim' })
  assert.deepEqual(await client.nextJson(), { content: 'Hello, kim!' })
  await app.close()
})
