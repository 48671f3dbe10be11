'use strict'

// Jest runs CommonJS when Babel has turned the ES modules of node_modules into CommonJS: see jest.config.cjs.
const { expect, test } = require('@jest/globals')
const Fastify = require('fastify')
const sockjs = require('fastify-sockjs')
const stomp = require('fastify-sockjs/stomp')

test('an echo, and an answer over STOMP', async () => {
  const app = Fastify()
  await app.register(sockjs)
  app.sockjs('/echo', (session) => {
    session.on('message', (text) => session.send(text))
  })
  await app.register(stomp, { path: '/stomp', broker: stomp.memoryBroker() })
  app.stomp.message('/hello', { sendToSender: '/queue/hello' }, ({ body }) => ({ content: `Hello, ${body.name}!` }))
  await app.ready()
  expect((await app.inject('/echo/info')).json().websocket).toBe(true)

  const heard = new Promise((resolve) => {
    app.sockjs.endpoints.get('/echo').injectWS('/echo/websocket', {}, { onInit: (ws) => ws.on('message', (data) => resolve(String(data))) })
      .then((ws) => ws.send('hello'))
  })
  expect(await heard).toBe('hello')

  const client = await app.stomp.inject({ user: { name: 'kim' } })
  await client.subscribe('/user/queue/hello')
  await client.send('/app/hello', { name: 'kim' })
  expect(await client.nextJson()).toEqual({ content: 'Hello, kim!' })
  await app.close()
})
