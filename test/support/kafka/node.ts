// A node with a bridge to Kafka, in a process of its own, for tests that kill it. It tells its test each record that its broker has, and each message
// that Kafka has confirmed. Its argument is a `NodeSetup`.
import { Consumer, Producer } from '@platformatic/kafka'
import Fastify from 'fastify'
import { Kafka, logLevel } from 'kafkajs'
import sockjs from '../../../src/index.ts'
import kafkaBridge, { type KafkaClient, kafkajs, platformatic } from '../../../src/kafka.ts'
import stomp, { memoryBroker } from '../../../src/stomp.ts'

export type ClientName = 'kafkajs' | 'platformatic'

export interface NodeSetup {
  readonly client: ClientName
  readonly brokers: readonly string[]
  readonly name: string
  readonly group: string
}

/** The words of a test to its node: publish so many messages, or close. */
export type Order = { readonly publish: number } | 'close'

/** The reports of a node. */
export type NodeReport =
  | { readonly about: 'partitions', readonly count: number }
  | { readonly about: 'in', readonly id: string, readonly text: string }
  | { readonly about: 'confirmed', readonly text: string }
  | { readonly about: 'refused', readonly text: string }
  | { readonly about: 'published' }
  | { readonly about: 'closed' }

const TIMES = { sessionTimeout: 6000, heartbeatInterval: 1000 }

const CLIENTS: Readonly<Record<ClientName, (brokers: readonly string[]) => KafkaClient>> = {
  kafkajs: (brokers) => kafkajs(new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, connectionTimeout: 1000, retry: { initialRetryTime: 100, retries: 4 } }), { consumer: TIMES }),
  platformatic: (brokers) => platformatic({ Consumer, Producer }, { clientId: 'test', bootstrapBrokers: brokers, ...TIMES })
}

/** The keys of the messages that a node publishes. */
const KEYS = 10

function report (each: NodeReport): void { process.send?.(each, undefined, undefined, () => {}) }

async function run ({ client, brokers, name, group }: NodeSetup): Promise<void> {
  const broker = memoryBroker()
  const publish = broker.publish.bind(broker)
  broker.publish = async (message) => {
    await publish(message)
    if (message.id !== undefined) report({ about: 'in', id: message.id, text: message.body.text })
  }
  const app = Fastify({ logger: process.env['KAFKA_LOG'] === undefined ? false : { level: 'info', stream: process.stderr } })
  await app.register(sockjs)
  await app.register(stomp, { path: '/stomp', broker })
  await app.register(kafkaBridge, {
    client: CLIENTS[client](brokers),
    group,
    begin: 'earliest',
    in: [{ topic: 'orders', to: ({ key }) => `/topic/orders/${key}` }],
    out: [{ from: '/topic/audit/*', topic: 'audit', confirm: true }],
    confirmTimeout: 60_000
  })
  await app.ready()
  let count = -1
  setInterval(() => {
    const { length } = app.kafka.stats().partitions
    if (length !== count) report({ about: 'partitions', count: count = length })
  }, 50)
  process.on('message', (order: Order) => {
    if (order === 'close') app.close().then(() => { report({ about: 'closed' }) }).then(() => process.disconnect())
    else publishAll(order.publish)
  })

  /** Publishes messages in order, a few at a time. */
  async function publishAll (messages: number): Promise<void> {
    for (let i = 0; i < messages; i += KEYS) {
      await Promise.all(Array.from({ length: KEYS }, async (_, key) => {
        const text = `${name}-${key} ${i / KEYS}`
        await app.stomp.publish(`/topic/audit/${name}-${key}`, text).then(() => { report({ about: 'confirmed', text }) }, () => { report({ about: 'refused', text }) })
      }))
    }
    report({ about: 'published' })
  }
}

process.once('disconnect', () => process.exit())
await run(JSON.parse(process.argv[2]!) as NodeSetup)
