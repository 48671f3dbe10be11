// What a client costs behind the relay, in both modes: `node bench/relay.js [tcp://guest:guest@127.0.0.1:61613 [rabbitmq|activemq]]`.
// Without a broker our own server over TCP, in a process of its own, is one.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import sockjs from '../dist/index.js'
import stomp, * as layer from '../dist/stomp.js'

const CLIENTS = 1000
const MESSAGES = 100
const [target, dialect] = process.argv.slice(2)

if (target === 'broker') {
  const app = Fastify()
  await app.register(sockjs)
  await app.register(stomp, { path: '/stomp', broker: layer.memoryBroker(), tcp: { port: 0 } })
  await app.ready()
  process.send(app.stomp.tcpPort)
} else {
  const broker = target === undefined ? fork(fileURLToPath(import.meta.url), ['broker']) : null
  const url = new URL(broker === null ? target : `tcp://guest:guest@127.0.0.1:${(await once(broker, 'message'))[0]}`)
  console.log(`${CLIENTS} clients on one topic, ${MESSAGES} messages to each of them\n`)
  console.log('mode        connections  connect (ms)  heap a client (KB)  CPU a delivery (us)')
  for (const mode of ['per-client', 'shared']) console.log(await measure(url, mode))
  broker?.kill()
  process.exit()
}

/** One row: through the sessions of the layer, by clients without sockets of their own. */
async function measure (url, mode) {
  const app = Fastify()
  await app.register(sockjs, { maxSessions: CLIENTS + 10 })
  await app.register(stomp, {
    path: '/stomp',
    broker: layer.relayBroker({
      servers: `tcp://${url.host}`, mode, system: { login: url.username, passcode: url.password }, ...(dialect === undefined ? {} : { dialect: layer[dialect]() })
    })
  })
  await app.ready()
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  const began = performance.now()
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => app.stomp.inject()))
  await Promise.all(clients.map((client) => client.subscribe('/topic/bench')))
  const connected = performance.now() - began
  globalThis.gc?.()
  const heap = (process.memoryUsage().heapUsed - before) / CLIENTS / 1024
  const { connections } = app.stomp.broker.stats()
  const cpu = process.cpuUsage()
  for (let i = 0; i < MESSAGES; i++) {
    await app.stomp.publish('/topic/bench', 'x'.repeat(100))
    await Promise.all(clients.map((client) => client.next('MESSAGE', 60_000)))
  }
  const { user, system } = process.cpuUsage(cpu)
  await app.close()
  return [mode.padEnd(11), connections, connected.toFixed(0), heap.toFixed(1), ((user + system) / CLIENTS / MESSAGES).toFixed(1)].join('  ').trim()
}
