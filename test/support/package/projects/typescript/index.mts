import Fastify from 'fastify'
import sockjs, { type Endpoint, type Session } from 'fastify-sockjs'
import { runConformance } from 'fastify-sockjs/conformance'
import stomp, { destination, memoryBroker, type StompSession } from 'fastify-sockjs/stomp'

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
app.stomp.message<{ text: string }, { room: string }>('/rooms/:room', { sendTo: '/topic/rooms/:room' }, ({ body, params }) => ({ text: body.text, room: params.room }))
app.stomp.addHook('onConnect', ({ login }, session: StompSession) => { session.user = { name: login ?? 'nobody' } })
const price = destination<{ bid: number }>('/topic/prices/:symbol')
await app.stomp.publish(price({ symbol: 'X' }), { bid: 1 })

// @ts-expect-error: there is no such option
await app.register(sockjs, { heartbeets: 1 })
// @ts-expect-error: a quote has a number
await app.stomp.publish(price({ symbol: 'X' }), { bid: 'one' })

export const report: Promise<unknown> = runConformance('http://127.0.0.1:8081', {})
