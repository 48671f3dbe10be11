// RabbitMQ with its plugin for STOMP over WebSocket, and the figures of its process.
import { cpuOf, residentOf } from '../figures.js'
import { startRabbitMq } from '../rabbitmq.js'
import { ready } from './serve.js'

const { webPort, pid, stop } = await startRabbitMq()
ready(webPort, {
  cpu: () => ({ user: cpuOf(pid), system: 0 }),
  memory: () => ({ rss: residentOf(pid) }),
  async exit () {
    await stop()
    process.exit()
  }
})
