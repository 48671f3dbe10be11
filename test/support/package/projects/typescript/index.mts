import Fastify from 'fastify'
import sockjs, { errors, PreparedMessage, type Endpoint, type Session } from 'fastify-sockjs'
import stomp, { destination, memoryBroker, StompError, type StompSession } from 'fastify-sockjs/stomp'

const app = Fastify()
await app.register(sockjs, { heartbeat: 10_000 })
const room: Endpoint = app.sockjs('/room', {
  session: async (request) => ({ user: { name: request.ip }, attributes: { joined: new Date() } })
}, (session) => {
  const name: string = session.user.name
  session.send(`${name} ${session.attributes.joined.toISOString()}`)
  session.on('message', (text) => room.broadcast(text))
})
for (const session of room.sessions) (session as Session).close(4000, 'enough')
await app.register(stomp, { path: '/stomp', broker: memoryBroker({ maxDeliveries: 3 }) })
app.stomp.message<{ Body: { text: string }, Params: { room: string } }>('/rooms/:room', { sendTo: '/topic/rooms/:room' }, ({ body, params }) => ({ text: body.text, room: params.room }))
app.stomp.addHook('onConnect', ({ login }, session: StompSession) => { session.user = { name: login ?? 'nobody' } })
const price = destination<{ bid: number }>('/topic/prices/:symbol')
await app.stomp.publish(price({ symbol: 'X' }), { bid: 1 })
const error = new errors.InvalidOption('a', 'b')
export const code: 'FST_SOCKJS_INVALID_OPTION' = error.code
// @ts-expect-error: another code
export const other: 'FST_SOCKJS_OTHER' = error.code
// @ts-expect-error: there is no such option
await app.register(sockjs, { heartbeets: 1 })
// @ts-expect-error: a quote has a number
await app.stomp.publish(price({ symbol: 'X' }), { bid: 'one' })
const ws = await room.injectWS!('/x', {}, { onInit: (socket) => { socket.on('message', (data) => data.toString('utf8')) } })
ws.send('x')
room.broadcast(new PreparedMessage('x'))
export const e = new StompError('STOMP_INTERNAL')
