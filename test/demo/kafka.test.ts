import t from 'tap'
import { KAFKA_RULES, parseKafka } from '../../examples/demo/src/kafka.ts'
import { until } from '../support/wait.ts'
import { bridge, P0 } from '../bridge/kafka/support.ts'

t.test('records of orders come in by their keys, and messages of /topic/audit/** go out', async (t) => {
  const world = await bridge(t, KAFKA_RULES)
  const { kafka } = world
  kafka.consumer.assign(P0)
  const client = await world.connect()
  await client.subscribe('s', '/topic/orders/7')
  kafka.give('orders', 0, { value: 'without a key' }, { key: '7', value: 'paid' })
  t.equal((await client.message()).body.text, 'paid')
  await world.app.stomp.publish('/topic/audit/a/b', 'seen')
  await until(() => kafka.textsOf('audit').length === 1, 'the record of the audit is there')
  t.strictSame(kafka.textsOf('audit'), ['seen'])
})

t.test('KAFKA is a list of hosts with ports', async (t) => {
  t.strictSame(parseKafka('a:9092,10.0.0.7:9093'), ['a:9092', '10.0.0.7:9093'])
  for (const wrong of ['', 'a', 'a:', 'a:b', 'a:9092,', 'kafka://a:9092', 'me@a:9092', 'a:99999']) t.throws(() => parseKafka(wrong), /host:port/, wrong)
})
