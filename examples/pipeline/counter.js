// Counts the words of each room. It knows Kafka and the store, and nothing of SockJS or STOMP. Any other program can take its place.
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { counted } from './count.js'
import { openStore } from './store.js'
import { COUNTS, MESSAGES } from './topics.js'

const store = openStore(process.env, (error) => console.error(`counter: the store: ${error.message}`))
const kafka = new Kafka({ clientId: 'counter', brokers: process.env.KAFKA_BROKERS.split(','), logLevel: logLevel.NOTHING })
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
const consumer = kafka.consumer({ groupId: 'pipeline-counter', sessionTimeout: 6_000, heartbeatInterval: 1_000 })

// The one that has started this process starts it again.
consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
  console.error(`counter: ${error.message}`)
  if (!restart) process.exit(1)
})

await producer.connect()
await consumer.connect()
await consumer.subscribe({ topic: MESSAGES, fromBeginning: true })
await consumer.run({
  // The offset of each record is committed after its count is stored and published, so that at most one record comes again.
  autoCommitThreshold: 1,
  async eachMessage ({ message: { key, value } }) {
    const room = key.toString()
    const before = await store.count(room)
    const count = counted(before, JSON.parse(value))
    if (count !== before) await store.saveCount(room, count)
    const { messages, words } = count
    await producer.send({ topic: COUNTS, acks: -1, messages: [{ key: room, value: JSON.stringify({ messages, words }) }] })
  }
})

process.on('SIGINT', () => {})
process.once('SIGTERM', async () => {
  await consumer.disconnect()
  await producer.disconnect()
  await store.close()
  process.exit(0)
})
process.on('disconnect', () => process.exit(0))
