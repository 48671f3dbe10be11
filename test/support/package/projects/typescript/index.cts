import Fastify = require('fastify')
import sockjs = require('fastify-sockjs')
import stomp = require('fastify-sockjs/stomp')

const app = Fastify()
app.register(sockjs)
app.register(stomp, { path: '/stomp', broker: stomp.memoryBroker() })
app.register(async (scope) => {
  scope.sockjs('/echo', (session) => session.on('message', (text) => session.send(text)))
})
