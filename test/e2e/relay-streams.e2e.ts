// Streams of RabbitMQ by their own headers, and the reason why the relay offers no `x-recover` over them. docs/relay.md tells both.
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import sockjs from '../../src/index.ts'
import stomp, { rabbitmq, relayBroker, type InjectedClient } from '../../src/stomp.ts'
import { until, within } from '../support/wait.ts'
import { startRabbitMq } from './brokers/rabbitmq.ts'

const rabbit = await startRabbitMq()
t.teardown(() => rabbit.stop())

const STREAM = { 'x-queue-type': 'stream' }

async function connect (t: Test, mode: 'per-client' | 'shared'): Promise<InjectedClient> {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(sockjs)
  const broker = relayBroker({ servers: `tcp://127.0.0.1:${rabbit.port}`, dialect: rabbitmq(), mode, allowHeaders: ['x-queue-type', 'x-stream-offset'] })
  await app.register(stomp, { path: '/stomp', broker })
  await app.ready()
  await until(() => app.stomp.broker.state === 'available', 'the broker is available')
  return await app.stomp.inject()
}

/** Subscribes from an offset, and gives the next messages as `<offset> <text>`. */
async function read (client: InjectedClient, destination: string, offset: string, count: number): Promise<string[]> {
  await client.subscribe(destination, { ...STREAM, ack: 'client-individual', 'x-stream-offset': offset })
  const found: string[] = []
  while (found.length < count) {
    const { headers, body } = await within(client.next('MESSAGE'), 'a message')
    client.frame('ACK', { id: headers.get('ack')! })
    found.push(`${headers.get('x-stream-offset')} ${body.text}`)
  }
  return found
}

for (const mode of ['per-client', 'shared'] as const) {
  t.test(`${mode}: a client reads a stream from an offset`, async (t) => {
    const destination = `/queue/log-${mode}`
    const sender = await connect(t, mode)
    for (const text of ['a', 'b', 'c']) await sender.send(destination, text, STREAM)
    t.strictSame(await read(await connect(t, mode), destination, 'first', 3), ['0 a', '1 b', '2 c'])
    t.strictSame(await read(await connect(t, mode), destination, 'offset=1', 2), ['1 b', '2 c'])
  })
}

t.test('a stream that was declared again does not tell that its history was lost', async (t) => {
  const sender = await connect(t, 'per-client')
  for (const text of ['a', 'b', 'c']) await sender.send('/queue/again', text, STREAM)
  await rabbit.control('delete_queue', 'again')
  // A connection declares each queue once.
  const later = await connect(t, 'per-client')
  for (const text of ['d', 'e', 'f', 'g']) await later.send('/queue/again', text, STREAM)
  t.strictSame(await read(await connect(t, 'per-client'), '/queue/again', 'offset=3', 1), ['3 g'], 'd, e and f are missing, and nothing tells it')
})
