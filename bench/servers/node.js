// One node, alone or with an engine: `{ engine, address, build }`.
import Fastify from 'fastify'
import { ENGINES } from '../cluster/clients.js'
import { fromBuild } from './build.js'
import { mode, ready, settings } from './serve.js'

const HANDLERS = {
  echo: (session) => session.on('message', (message) => session.send(message)),
  broadcast: (session) => session.on('message', (message) => endpoint.broadcast(message)),
  'cluster broadcast': (session) => session.on('message', (message) => { endpoint.cluster.broadcast(message) })
}

const { default: sockjs } = await fromBuild('index.js')
const engine = settings.engine === undefined ? undefined : await ENGINES[settings.engine](settings.address)

let publications = 0
if (engine !== undefined) {
  const { channels } = engine
  const publish = channels.publish.bind(channels)
  channels.publish = (channel, data) => {
    publications++
    publish(channel, data)
  }
}

const app = Fastify({ keepAliveTimeout: 60_000 })
await app.register(sockjs, { maxDetachedSessions: 100_000, ...(engine === undefined ? {} : { engine }) })
const endpoint = app.sockjs('/bench', { origins: '*' }, HANDLERS[mode])
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
ready(app.server.address().port, {
  /** CPU and publications at one moment. */
  work: () => ({ cpu: process.cpuUsage(), publications }),
  peers: () => app.sockjs.node?.peers.length ?? 0
})
