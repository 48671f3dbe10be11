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
