// One node with STOMP, alone, with an engine or with a relay, whose mode is that of the server: `{ engine, address }`. It also publishes, and passes messages through a queue.
import Fastify from 'fastify'
import sockjs from '../../dist/index.js'
import stomp, { clusterBroker, memoryBroker, rabbitmq, relayBroker } from '../../dist/stomp.js'
import { ENGINES } from '../cluster/clients.js'
import { mode, ready, settings } from './serve.js'

const MESSAGES = 5_000
const IN_FLIGHT = 200
const BODY = 'x'.repeat(32)

const relay = () => relayBroker({ servers: `tcp://${settings.address}`, dialect: rabbitmq(), mode: mode === 'shared' ? 'shared' : 'per-client' })
const BROKERS = { undefined: memoryBroker, rabbitmq: relay }

const engine = await ENGINES[settings.engine]?.(settings.address)
const app = Fastify()
await app.register(sockjs, engine === undefined ? {} : { engine })
await app.register(stomp, { path: '/stomp', broker: (BROKERS[settings.engine] ?? clusterBroker)(), endpoint: { origins: '*' } })
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })

const perSecond = (began) => MESSAGES / (performance.now() - began) * 1000

/** Publishes messages, several at a time. Resolves with how many in a second the broker has confirmed. */
async function publish (destination) {
  const began = performance.now()
  let left = MESSAGES
  await Promise.all(Array.from({ length: IN_FLIGHT }, async () => { while (left-- > 0) await app.stomp.publish(destination, BODY) }))
  return perSecond(began)
}

/** Takes all messages of the queue, and acknowledges each. */
async function consume () {
  const client = await app.stomp.inject()
  const began = performance.now()
  await client.subscribe('/queue/bench', { ack: 'client-individual', 'prefetch-count': String(IN_FLIGHT) })
  for (let i = 0; i < MESSAGES; i++) client.frame('ACK', { id: (await client.next('MESSAGE', 60_000)).headers.get('ack') })
  await client.disconnect()
  return perSecond(began)
}

ready(app.server.address().port, {
  work: () => ({ cpu: process.cpuUsage(), publications: 0, messages: MESSAGES }),
  peers: () => app.sockjs.node?.peers.length ?? 0,
  publish: () => publish('/topic/nobody/listens'),
  push: () => publish('/queue/bench'),
  consume
})
