import Fastify = require('fastify')
import sockjs = require('fastify-sockjs')
import stomp = require('fastify-sockjs/stomp')

const app = Fastify()
app.register(sockjs, { heartbeat: 10_000 })
app.register(stomp, { path: '/stomp', broker: stomp.memoryBroker() })
app.register(async (scope) => {
  const room: sockjs.Endpoint = scope.sockjs('/echo', (session) => session.on('message', (text) => session.send(text)))
  room.broadcast(new sockjs.PreparedMessage('x'))
})
export const code: 'FST_SOCKJS_INVALID_OPTION' = new sockjs.errors.InvalidOption('a', 'b').code
