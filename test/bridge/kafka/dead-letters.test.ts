import t from 'tap'
import type { KafkaIn } from '../../../src/kafka.ts'
import { refusal } from '../../../src/stomp.ts'
import { until } from '../../support/wait.ts'
import { bridge, P0 } from './support.ts'

/** A rule whose records that are called `bad` have no destination, for the reason of the test. */
const rule = (bad: (key: string | null) => unknown): KafkaIn => ({ topic: 'orders', to: (({ key }) => key === 'good' ? '/topic/good' : bad(key)) as (record: { key: string | null }) => string })

const BAD: readonly (readonly [name: string, bad: () => unknown, reason: RegExp])[] = [
  ['a function that throws', () => { throw new TypeError('no such shop') }, /^no such shop$/],
  ['a function that throws a text', () => { throw 'odd' }, /^odd$/], // eslint-disable-line no-throw-literal
  ['undefined', () => undefined, /must return a destination or null, not undefined/],
  ['a number', () => 7, /not 7/],
  ['a promise', () => Promise.reject(new Error('late')), /not a promise/],
  ['an empty text', () => '', /does not serve the destination/],
  ['a destination without a slash', () => 'topic/a', /does not serve the destination topic\/a/],
  ['a user', () => '/user/kim/queue/a', /does not serve the destination/],
  ['an empty segment', () => '/topic//a', /STOMP_INVALID_DESTINATION/],
  ['too many segments', () => '/topic/' + 'a/'.repeat(500) + 'a', /STOMP_/],
  ['a header that the broker refuses', () => '/queue/expiring', /STOMP_INVALID_HEADER/]
]

for (const [name, bad, reason] of BAD) {
  t.test(`a record cannot be published, because of ${name}: it is a dead letter, and the partition goes on`, async (t) => {
    const world = await bridge(t, { in: [rule(bad)], deadLetters: 'dead' })
    const { kafka } = world
    kafka.consumer.assign(P0)
    kafka.give('orders', 0, { key: 'good', value: '1' }, { key: 'bad', value: 'x', headers: [['trace', 't'], ['expires', 'never'], ['x-kafka-error', 'forged']] }, { key: 'good', value: '2' })
    await world.reaches(2)
    t.strictSame(world.texts, ['1', '2'])
    t.equal(kafka.produced.length, 1)
    t.match(kafka.produced[0], { topic: 'dead', write: { key: Buffer.from('bad'), value: Buffer.from('x') } })
    t.match(kafka.headersOf(0), { trace: 't', 'x-kafka-topic': 'orders', 'x-kafka-partition': '0', 'x-kafka-offset': '1', 'x-kafka-timestamp': '1000', 'x-kafka-error': reason })
    await world.pass(200)
    t.equal(kafka.committed.get('orders:0'), 3n)
    t.match(world.stats, { published: 2, dead: 1, failed: 0 })
  })
}

t.test('null leaves a record out', async (t) => {
  const world = await bridge(t, { in: [rule(() => null)], deadLetters: 'dead' })
  world.kafka.consumer.assign(P0)
  world.kafka.give('orders', 0, { key: 'bad' }, { key: 'good', value: '1' })
  await world.reaches(1)
  await world.pass(200)
  t.strictSame([world.kafka.produced.length, world.kafka.committed.get('orders:0')], [0, 2n])
  t.match(world.stats, { published: 1, skipped: 1, dead: 0 })
})

t.test('without a topic for dead letters they are logged once a minute, counted and passed over', async (t) => {
  const world = await bridge(t, { in: [rule(() => { throw new Error('no') })] })
  world.kafka.consumer.assign(P0)
  world.kafka.give('orders', 0, ...Array.from({ length: 50 }, () => ({ key: 'bad' })), { key: 'good', value: '1' })
  await world.reaches(1)
  t.match(world.stats, { published: 1, dead: 50 })
  const lines = (): unknown[] => world.log.filter(({ msg }) => msg.includes('lost for subscribers'))
  t.equal(lines().length, 1)
  await world.pass(61_000)
  world.kafka.give('orders', 0, { key: 'bad' })
  await until(() => lines().length === 2, 'the next line')
  t.match(lines()[1], { level: 50, untold: 49, reason: 'no' })
})

t.test('while Kafka does not take the dead letter, its record waits and is not lost', async (t) => {
  const world = await bridge(t, { in: [rule(() => '')], deadLetters: 'dead' })
  const { kafka } = world
  kafka.refuses = () => new Error('no leader')
  kafka.consumer.assign(P0)
  kafka.give('orders', 0, { key: 'bad', value: 'x' }, { key: 'good', value: '1' })
  await world.pass(20_000)
  t.strictSame([world.texts, [...kafka.committed], world.app.kafka.state], [[], [], 'unavailable'])
  kafka.refuses = () => null
  await world.pass(6000)
  t.strictSame([world.texts, kafka.textsOf('dead'), kafka.committed.get('orders:0'), world.app.kafka.state], [['1'], ['x'], 2n, 'available'])
})

t.test('a dead letter that Kafka refuses for good is logged and passed over', async (t) => {
  const world = await bridge(t, { in: [rule(() => '')], deadLetters: 'dead' })
  world.kafka.refuses = () => new RangeError('too large')
  world.kafka.consumer.assign(P0)
  world.kafka.give('orders', 0, { key: 'bad', value: 'x' }, { key: 'good', value: '1' })
  await world.reaches(1)
  t.match(world.stats, { dead: 1, published: 1 })
  t.ok(world.log.some(({ level, msg }) => level === 50 && msg === 'Kafka refuses a dead letter for good'))
})

t.test('a refusal of the message is final, and any other one is not', async (t) => {
  const world = await bridge(t, { in: [{ topic: 'orders', to: '/topic/all' }], deadLetters: 'dead' })
  const { kafka } = world
  kafka.consumer.assign(P0)
  const codes = ['STOMP_ACCESS_REFUSED', 'STOMP_BROKER_REFUSED', 'STOMP_INVALID_HEADER', 'STOMP_MESSAGE_TOO_LARGE'] as const
  for (const code of codes) {
    world.gate = () => { throw refusal(code) }
    kafka.give('orders', 0, { value: code })
    await until(() => kafka.textsOf('dead').includes(code), `${code} is a dead letter`)
  }
  const passing = [refusal('STOMP_QUEUE_FULL'), refusal('STOMP_BROKER_FULL'), refusal('STOMP_BROKER_TIMEOUT'), refusal('STOMP_BROKER_BUSY'), new Error('a flaw'), 'odd', undefined]
  for (const error of passing) {
    let tries = 0
    world.gate = () => { if (tries++ === 0) throw error }
    kafka.give('orders', 0, { value: String(error) })
    await world.pass(1000)
    t.equal(world.texts.at(-1), String(error))
  }
  t.equal(kafka.textsOf('dead').length, codes.length)
})
