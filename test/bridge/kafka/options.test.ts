import Fastify from 'fastify'
import t, { type Test } from 'tap'
import sockjs from '../../../src/index.ts'
import kafkaBridge, { type KafkaBridgeOptions, kafkaErrors } from '../../../src/kafka.ts'
import stomp, { memoryBroker } from '../../../src/stomp.ts'
import { FakeKafka } from '../../support/kafka/fake-client.ts'
import { bridge } from './support.ts'

const client = new FakeKafka()
const IN = { topic: 'orders', to: '/topic/orders' } as const
const OUT = { from: '/topic/audit/**', topic: 'audit' } as const

/** Registers the bridge with options that may be wrong. */
async function register (t: Test, options: unknown): Promise<void> {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(sockjs)
  await app.register(stomp, { path: '/stomp', broker: memoryBroker() })
  await app.register(kafkaBridge, options as KafkaBridgeOptions)
}

const WRONG: readonly (readonly [options: unknown, problem: RegExp])[] = [
  [{}, /client.*must be a client such as kafkajs/],
  [{ client: {}, out: [OUT] }, /client.*must be a client/],
  [{ client }, /option in .*must have a rule/],
  [{ client, in: [], out: [] }, /option in .*must have a rule/],
  [{ client, in: [IN] }, /group.*must name the consumer group/],
  [{ client, group: '', in: [IN] }, /group/],
  [{ client, groupId: 'g', in: [IN] }, /groupId.*it is called group here/],
  [{ client, group: 'g', in: IN }, /in.*a list of rules/],
  [{ client, group: 'g', in: [{ to: '/topic/a' }] }, /in\[0\]\.topic.*is missing/],
  [{ client, group: 'g', in: [{ topic: 'a' }] }, /in\[0\]\.to.*is missing/],
  [{ client, group: 'g', in: [{ topic: 'a b', to: '/topic/a' }] }, /the name of a topic/],
  [{ client, group: 'g', in: [{ topic: '..', to: '/topic/a' }] }, /the name of a topic/],
  [{ client, group: 'g', in: [{ topic: 'x'.repeat(250), to: '/topic/a' }] }, /the name of a topic/],
  [{ client, group: 'g', in: [{ topic: 'a', to: 'topic/a' }] }, /begins with \//],
  [{ client, group: 'g', in: [{ topic: 'a', to: '/topic/*' }] }, /holds no \*/],
  [{ client, group: 'g', in: [{ topic: 'a', to: 7 }] }, /not 7/],
  [{ client, group: 'g', in: [{ topic: 'a', to: '/app/a' }] }, /in\[0\]\.to.*a destination of the broker, not \/app\/a/],
  [{ client, group: 'g', in: [{ topic: 'a', to: '/dlq' }] }, /in\[0\]\.to.*a destination of the broker/],
  [{ client, group: 'g', in: [{ ...IN, destination: '/topic/a' }] }, /destination.*it is called to here/],
  [{ client, group: 'g', in: [IN, { ...IN, to: '/topic/b' }] }, /in\[1\]\.topic.*twice: orders/],
  [{ client, out: [{ topic: 'a' }] }, /out\[0\]\.from/],
  [{ client, out: [{ from: '/topic/a' }] }, /out\[0\]\.topic.*is missing/],
  [{ client, out: [{ from: 'a', topic: 'a' }] }, /out\[0\]\.from.*begins with \//],
  [{ client, out: [{ from: '/topic/**/a', topic: 'a' }] }, /out\[0\]\.from.*\*\* for the rest at the end/],
  [{ client, out: [{ from: '/user/kim/a', topic: 'a' }] }, /out\[0\]\.from.*destinations of the broker/],
  [{ client, out: [{ ...OUT, key: 'a' }] }, /key.*a function/],
  [{ client, out: [{ ...OUT, confirm: 1 }] }, /confirm.*true or false/],
  [{ client, out: [OUT], deadLetters: 'a/b' }, /deadLetters.*the name of a topic/],
  [{ client, out: [OUT], deadLetter: 'a' }, /deadLetter.*called deadLetters/],
  [{ client, out: [OUT], begin: 'end' }, /begin.*one of/],
  [{ client, out: [OUT], concurrency: 0 }, /concurrency.*from 1 to 1000/],
  [{ client, out: [OUT], outbox: { messages: 0 } }, /outbox.*messages/],
  [{ client, out: [OUT], outbox: { size: 1 } }, /outbox.*size/],
  [{ client, out: [OUT], confirmTimeout: 0.5 }, /confirmTimeout/],
  [{ client, out: [OUT], clock: {} }, /clock/],
  [{ client, out: [OUT], tls: true }, /tls.*not known/]
]

t.test('wrong options are refused at boot, and the error says what is wrong', async (t) => {
  for (const [options, message] of WRONG) {
    await t.rejects(register(t, options), { code: 'FST_STOMP_KAFKA_INVALID_OPTION', message }, String(message))
  }
  await t.rejects(register(t, { client, out: [{ from: '/app/a', topic: 'a' }] }), { code: 'FST_STOMP_INVALID_OPTION', message: /goes to the application/ })
})

t.test('rules that would carry a record back to a topic that comes in are refused at boot', async (t) => {
  const loops: readonly Partial<KafkaBridgeOptions>[] = [
    { in: [{ topic: 'audit', to: '/topic/audit/a' }], out: [OUT] },
    { in: [{ topic: 'a', to: '/topic/audit/a' }, { topic: 'audit', to: '/topic/b' }], out: [OUT] },
    { in: [IN], out: [{ from: '/topic/*', topic: 'orders' }] },
    { in: [IN], deadLetters: 'orders' }
  ]
  for (const loop of loops) await t.rejects(register(t, { client, group: 'g', ...loop }), { code: 'FST_STOMP_KAFKA_LOOP' }, JSON.stringify(loop))
  await bridge(t, { in: [IN], out: [{ from: '/topic/orders', topic: 'copies' }], deadLetters: 'dead' })
  await bridge(t, { in: [IN, { topic: 'audit', to: () => '/topic/audit/a' }], out: [OUT] })
})

t.test('the bridge needs STOMP, and is registered once', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(sockjs)
  await t.rejects(async () => { await app.register(kafkaBridge, { client, out: [OUT] }) }, { code: 'FST_STOMP_KAFKA_NEEDS_STOMP' })
  const world = await bridge(t, { out: [OUT] })
  t.ok(world.app.hasDecorator('kafka'))
  const twice = Fastify()
  t.teardown(() => twice.close())
  await twice.register(sockjs)
  await twice.register(stomp, { path: '/stomp', broker: memoryBroker() })
  await twice.register(kafkaBridge, { client, out: [OUT] })
  await t.rejects(async () => { await twice.register(kafkaBridge, { client, out: [OUT] }) }, { code: 'FST_STOMP_KAFKA_ALREADY_REGISTERED' })
  t.strictSame(Object.keys(kafkaErrors), ['NeedsStomp', 'AlreadyRegistered', 'InvalidOption', 'Loop'])
})
