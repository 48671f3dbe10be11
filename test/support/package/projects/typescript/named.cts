import Fastify from 'fastify'
import sockjs, { errors, PreparedMessage, type Endpoint, type Session } from 'fastify-sockjs'
import stomp, { memoryBroker, destination, StompError, type StompSession } from 'fastify-sockjs/stomp'
const app = Fastify()
app.register(sockjs, { heartbeat: 10_000 })
app.register(stomp, { path: '/stomp', broker: memoryBroker() })
export const code: 'FST_SOCKJS_INVALID_OPTION' = new errors.InvalidOption('a', 'b').code
app.register(async (scope) => {
  const room: Endpoint = scope.sockjs('/echo', (session) => session.on('message', (text) => session.send(text)))
  room.broadcast(new PreparedMessage('x'))
  for (const session of room.sessions) (session as Session<unknown>).close()
  scope.stomp.addHook('onConnect', ({ login }, session: StompSession) => { session.user = { name: login ?? 'nobody' } })
})
const price = destination<{ bid: number }>('/topic/prices/:symbol')
app.stomp.publish(price({ symbol: 'X' }), { bid: 1 })
// @ts-expect-error: a quote has a number
app.stomp.publish(price({ symbol: 'X' }), { bid: 'one' })
export const e: StompError = new StompError('STOMP_INTERNAL')
