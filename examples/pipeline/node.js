// One node with its real services; start.js runs three of them.
import { redisEngine } from 'fastify-sockjs/redis'
import { kafkajs } from 'fastify-sockjs/kafka'
import { Redis } from 'ioredis'
import { Kafka, logLevel } from 'kafkajs'
import { buildNode } from './app.js'
import { openStore } from './store.js'

const { NODE_NAME: name, NODE_SECRET: secret, JWT_SECRET, REDIS_URL, KAFKA_BROKERS } = process.env

const engine = redisEngine({ client: new Redis(REDIS_URL, { lazyConnect: true }), namespace: 'pipeline', secret })
// The bridge logs the failures of Kafka, and opens its consumer again. A consumer of a killed node is missed after 6 s.
const kafka = KAFKA_BROKERS
  ? kafkajs(new Kafka({ clientId: name, brokers: KAFKA_BROKERS.split(','), logLevel: logLevel.NOTHING }), { consumer: { sessionTimeout: 6_000, heartbeatInterval: 1_000 } })
  : null

const store = openStore(process.env, (error) => console.error(`${name}: the store: ${error.message}`))
const app = await buildNode({ name, engine, store, kafka, secret: JWT_SECRET })
await app.listen({ port: 0 })
process.send({ port: app.server.address().port })

// A terminal sends SIGINT to all processes. The first one stops this one by SIGTERM.
process.on('SIGINT', () => {})
process.once('SIGTERM', async () => {
  await app.sockjs.drain({ rate: 1, deadline: 1_000 })
  await app.close()
  await store.close()
  process.exit(0)
})
// A node that has lost its parent has no balancer either.
process.on('disconnect', () => process.exit(0))
