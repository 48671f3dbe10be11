import t from 'tap'
import { MemoryNetwork } from '../../../src/index.ts'
import { clusterBroker } from '../../../src/stomp.ts'
import { until } from '../../support/wait.ts'
import { bridge, P0, turn } from './support.ts'

t.test('a record that two nodes publish, because the first was cut off before its commit, reaches a subscriber of any node once', async (t) => {
  const network = new MemoryNetwork()
  const node = () => bridge(t, { in: [{ topic: 'orders', to: '/topic/orders' }], broker: clusterBroker(), engine: network.engine() })
  const [one, two] = [await node(), await node()]
  for (const { app } of [one, two]) await until(() => app.stomp.broker.state === 'available', 'the broker is available')
  const client = await two.connect()
  await client.subscribe('s', '/topic/orders')
  for (const { kafka } of [one, two]) {
    kafka.consumer.assign(P0)
    kafka.give('orders', 0, { value: 'a' }, { value: 'b' })
  }
  for (const world of [one, two]) {
    await until(async () => {
      await Promise.all([one.pass(50), two.pass(50)])
      return world.published.length === 2
    }, 'the node has published both')
  }
  t.strictSame(await Promise.all([client.message(), client.message()]).then((messages) => messages.map(({ body }) => body.text)), ['a', 'b'])
  for (let i = 0; i < 20; i++) await turn()
  t.strictSame(await client.bodies(), [], 'the repeats are dropped')
})

t.test('a record that is larger than the engine takes is a dead letter, and its partition goes on', async (t) => {
  const network = new MemoryNetwork({ maxPayload: 4_096 })
  const rule = { in: [{ topic: 'orders', to: '/topic/orders' }], deadLetters: 'dead' }
  const world = await bridge(t, { ...rule, broker: clusterBroker({ history: [{ pattern: '/topic/orders' }] }), engine: network.engine() })
  await until(() => world.app.stomp.broker.state === 'available', 'the broker is available')
  const { kafka } = world
  kafka.consumer.assign(P0)
  const large = 'x'.repeat(5_000)
  kafka.give('orders', 0, { value: 'a' }, { value: large }, { value: 'b' })
  await until(async () => {
    await world.pass(50)
    return world.published.length === 2
  }, 'the records around it are published')
  await world.pass(200)
  t.strictSame([world.texts, kafka.textsOf('dead'), kafka.committed.get('orders:0')], [['a', 'b'], [large], 3n])
  t.match(kafka.headersOf(0), { 'x-kafka-error': /^STOMP_MESSAGE_TOO_LARGE: / })
})
