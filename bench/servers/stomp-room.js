// A route with a schema, whose answer goes to the topic of a room.
import Fastify from 'fastify'
import { SAID } from '../said.js'
import { fromBuild } from './build.js'
import { ready } from './serve.js'

const { default: sockjs } = await fromBuild('index.js')
const { default: stomp, memoryBroker } = await fromBuild('stomp.js')

const app = Fastify()
await app.register(sockjs)
await app.register(stomp, { path: '/stomp', broker: memoryBroker(), endpoint: { origins: '*' } })
app.stomp.message('/rooms/:room', { schema: { body: SAID }, sendTo: '/topic/rooms/:room' }, ({ body }) => ({ ...body, time: Date.now() }))
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
ready(app.server.address().port)
