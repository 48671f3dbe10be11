import Fastify from 'fastify'
import { fromBuild } from './build.js'
import { ready } from './serve.js'

const { default: sockjs } = await fromBuild('index.js')
const { default: stomp, memoryBroker } = await fromBuild('stomp.js')

const app = Fastify()
await app.register(sockjs)
await app.register(stomp, { path: '/stomp', broker: memoryBroker(), endpoint: { origins: '*' } })
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
ready(app.server.address().port)
