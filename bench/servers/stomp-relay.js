// This package as a relay to RabbitMQ. The figures are those of both processes.
import Fastify from 'fastify'
import { cpuOf, residentOf } from '../figures.js'
import { startRabbitMq } from '../rabbitmq.js'
import { fromBuild } from './build.js'
import { ready, settings } from './serve.js'

const { default: sockjs } = await fromBuild('index.js')
const { default: stomp, rabbitmq, relayBroker } = await fromBuild('stomp.js')

const broker = await startRabbitMq()
const app = Fastify()
await app.register(sockjs)
await app.register(stomp, {
  path: '/stomp',
  broker: relayBroker({ servers: `tcp://127.0.0.1:${broker.port}`, dialect: rabbitmq(), mode: settings.mode }),
  endpoint: { origins: '*' }
})
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
ready(app.server.address().port, {
  cpu () {
    const { user, system } = process.cpuUsage()
    return { user: user + cpuOf(broker.pid), system }
  },
  memory: () => ({ rss: process.memoryUsage().rss + residentOf(broker.pid) }),
  async exit () {
    await broker.stop()
    process.exit()
  }
})
