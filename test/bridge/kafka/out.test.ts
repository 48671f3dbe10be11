import t from 'tap'
import { refusal } from '../../../src/stomp.ts'
import { deferred, until } from '../../support/wait.ts'
import { refused } from '../../stomp/support.ts'
import { bridge, P0, turn } from './support.ts'

const AUDIT = { from: '/topic/audit/**', topic: 'audit' } as const

t.test('messages go to Kafka from the node where they were published, by SEND, COMMIT, a route or publish()', async (t) => {
  const world = await bridge(t, {
    out: [AUDIT],
    routes: ({ stomp }) => stomp.message('/act', { sendTo: '/topic/audit/act' }, ({ body }) => body)
  })
  const client = await world.connect()
  await client.send('/topic/audit/a', 'send', { 'content-type': 'text/plain', 'x-kafka-topic': 'forged', 'X-Stomp-Destination': 'forged', trace: 't' })
  await client.send('/topic/other', 'other')
  await client.send('/app/act', '"route"')
  client.frame('BEGIN', { transaction: 't' }).frame('SEND', { destination: '/topic/audit/b', transaction: 't' }, 'commit')
  await client.ok('COMMIT', { transaction: 't' })
  await world.app.stomp.publish('/topic/audit/b', Buffer.of(0, 0xff))
  const { kafka } = world
  await until(() => kafka.produced.length === 4, 'all are produced')
  t.strictSame(kafka.textsOf('audit').slice(0, 3), ['send', 'route', 'commit'])
  t.strictSame(kafka.produced[3]!.write.value, Buffer.of(0, 0xff))
  t.strictSame(kafka.headersOf(0), { 'x-stomp-destination': '/topic/audit/a', 'content-type': 'text/plain', trace: 't' })
  t.strictSame(kafka.produced.map(({ write }) => Buffer.from(write.key!).toString()), ['/topic/audit/a', '/topic/audit/act', '/topic/audit/b', '/topic/audit/b'],
    'the destination is the key, so that its messages keep their order')
  t.match(world.stats, { produced: 4, failed: 0, waiting: 0 })
})

t.test('a message that the bridge brought in does not go out, whatever its headers say', async (t) => {
  const world = await bridge(t, { in: [{ topic: 'orders', to: () => '/topic/audit/in' }], out: [AUDIT, { from: '/topic/**', topic: 'orders' }] })
  world.kafka.consumer.assign(P0)
  world.kafka.give('orders', 0, { value: 'from Kafka' })
  await world.reaches(1)
  const client = await world.connect()
  await client.send('/topic/audit/x', 'from a client', { 'x-kafka-topic': 'audit', 'x-kafka-offset': '0' })
  await until(() => world.kafka.produced.length === 2, 'the message of the client goes out')
  t.strictSame([world.kafka.textsOf('audit'), world.kafka.textsOf('orders')], [['from a client'], ['from a client']])
})

t.test('the key is what the function returns, and a function that throws loses the message for Kafka alone', async (t) => {
  const keys: unknown[] = ['text', Buffer.of(1, 2), null, undefined, new Error('no key')]
  const world = await bridge(t, {
    out: [{
      ...AUDIT,
      key: () => {
        const key = keys.shift()
        if (key instanceof Error) throw key
        return key as string
      }
    }]
  })
  const client = await world.connect()
  await client.subscribe('s', '/topic/audit/a')
  for (let i = 0; i < 5; i++) await world.app.stomp.publish('/topic/audit/a', i)
  await until(() => world.kafka.produced.length === 4, 'four are produced')
  t.strictSame(world.kafka.produced.map(({ write: { key } }) => key), [Buffer.from('text'), Buffer.of(1, 2), null, null])
  t.match(world.stats, { produced: 4, failed: 1 })
  t.equal((await client.bodies()).length, 5, 'the subscribers have all')
  t.ok(world.log.some(({ level, msg, reason }) => level === 50 && msg.includes('key has thrown') && reason === 'no key'))
})

t.test('with confirm, the RECEIPT and the promise of publish() wait for Kafka', async (t) => {
  const world = await bridge(t, { out: [{ ...AUDIT, confirm: true }] })
  const held = deferred<void>()
  world.kafka.hold = held.promise
  const client = await world.connect()
  await client.subscribe('s', '/topic/audit/*')
  client.frame('SEND', { destination: '/topic/audit/a', receipt: 'r' }, 'x')
  t.equal((await client.message()).body.text, 'x', 'subscribers do not wait')
  let published = false
  const publishing = world.app.stomp.publish('/topic/audit/b', 'y').then(() => { published = true })
  t.equal((await client.message()).body.text, 'y')
  await turn()
  t.strictSame([client.inner.waiting, published], [[], false])
  held.resolve()
  await publishing
  t.equal((await client.next()).headers.get('receipt-id'), 'r')
  t.strictSame(world.kafka.textsOf('audit'), ['x', 'y'])
})

t.test('with confirm, a message that Kafka has not confirmed in time is reported, and still goes out', async (t) => {
  const world = await bridge(t, { out: [{ ...AUDIT, confirm: true }], confirmTimeout: 3000 })
  world.kafka.refuses = () => new Error('away')
  const client = await world.connect()
  client.frame('SEND', { destination: '/topic/audit/a', receipt: 'r' }, 'x')
  const publishing = world.app.stomp.publish('/topic/audit/b', 'y')
  const failed = t.rejects(publishing, { code: 'STOMP_BROKER_TIMEOUT', message: /Kafka has not confirmed/ })
  await world.pass(3100)
  await failed
  await refused(t, client, 'STOMP_BROKER_TIMEOUT', /Kafka/, 'r')
  t.match(world.stats, { waiting: 2, produced: 0, failed: 0 })
  world.kafka.refuses = () => null
  await world.pass(6000)
  t.strictSame(world.kafka.textsOf('audit').sort(), ['x', 'y'])
})

t.test('messages wait for Kafka in order, and go in few requests', async (t) => {
  const world = await bridge(t, { out: [AUDIT] })
  const { kafka, app } = world
  kafka.refuses = () => new Error('away')
  for (let i = 0; i < 1200; i++) await app.stomp.publish('/topic/audit/a', i)
  t.match(world.stats, { waiting: 1200, produced: 0 })
  t.equal(app.kafka.state, 'unavailable')
  await world.pass(60_000)
  t.equal(world.log.filter(({ msg }) => msg.includes('does not take messages')).length, 1, 'the log says it once')
  kafka.requests.length = 0
  kafka.refuses = () => null
  await world.pass(6000)
  t.strictSame(kafka.textsOf('audit'), Array.from({ length: 1200 }, (_, i) => String(i)))
  t.strictSame(kafka.requests, [500, 500, 200])
  t.equal(app.kafka.state, 'available')
})

t.test('large messages go in requests that Kafka takes', async (t) => {
  const world = await bridge(t, { out: [AUDIT] })
  world.kafka.refuses = () => new Error('away')
  for (const size of [300_000, 300_000, 700_000, 1000]) await world.app.stomp.publish('/topic/audit/a', Buffer.alloc(size))
  await turn()
  world.kafka.requests.length = 0
  world.kafka.refuses = () => null
  await world.pass(1000)
  t.strictSame(world.kafka.requests, [1, 1, 1, 1])
})

t.test('a full outbox loses messages for Kafka: counted, logged once a minute, and told where the rule has confirm', async (t) => {
  const world = await bridge(t, { out: [AUDIT, { from: '/topic/sure', topic: 'sure', confirm: true }], outbox: { messages: 3 } })
  const { kafka, app } = world
  kafka.refuses = () => new Error('away')
  for (let i = 0; i < 5; i++) await app.stomp.publish('/topic/audit/a', i)
  await t.rejects(app.stomp.publish('/topic/sure', 'x'), { code: 'STOMP_BROKER_BUSY' })
  t.match(world.stats, { waiting: 3, failed: 3 })
  const lines = world.log.filter(({ msg }) => msg.includes('the outbox is full'))
  t.strictSame(lines.map(({ level }) => level), [50, 50], 'one line for each topic')
  const client = await world.connect()
  client.frame('SEND', { destination: '/topic/sure', receipt: 'r' }, 'x')
  await refused(t, client, 'STOMP_BROKER_BUSY', /Kafka/, 'r')
  kafka.refuses = () => null
  await world.pass(6000)
  t.strictSame(kafka.textsOf('audit'), ['0', '1', '2'])
  await app.stomp.publish('/topic/sure', 'again')
  t.strictSame(kafka.textsOf('sure'), ['again'])
})

t.test('the outbox has a bound of octets, too', async (t) => {
  const world = await bridge(t, { out: [AUDIT], outbox: { bytes: 10_000 } })
  world.kafka.refuses = () => new Error('away')
  for (let i = 0; i < 3; i++) await world.app.stomp.publish('/topic/audit/a', 'x'.repeat(4000))
  t.match(world.stats, { waiting: 2, failed: 1 })
})

t.test('a message that Kafka refuses for good is lost alone, and those around it go out', async (t) => {
  const world = await bridge(t, { out: [{ ...AUDIT, confirm: true }] })
  world.kafka.refuses = (_, records) => records.some(({ value }) => Buffer.from(value!).toString() === 'bad') ? new RangeError('too large') : null
  const results = await Promise.allSettled(['a', 'b', 'bad', 'c'].map((text) => world.app.stomp.publish('/topic/audit/a', text)))
  t.strictSame(results.map(({ status }) => status), ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
  t.match((results[2] as PromiseRejectedResult).reason, { code: 'STOMP_BROKER_REFUSED' })
  t.strictSame(world.kafka.textsOf('audit'), ['a', 'b', 'c'])
  t.match(world.stats, { produced: 3, failed: 1, waiting: 0 })
  t.equal(world.app.kafka.state, 'available')
  t.strictSame(world.kafka.requests, [4, 1, 1, 1, 1])
})

t.test('a message that the broker of STOMP refuses does not go to Kafka', async (t) => {
  const world = await bridge(t, { out: [AUDIT] })
  world.gate = () => { throw refusal('STOMP_BROKER_UNAVAILABLE') }
  await t.rejects(world.app.stomp.publish('/topic/audit/a', 'x'))
  await turn()
  t.strictSame([world.kafka.produced, world.stats.waiting], [[], 0])
})

t.test('the producer is opened again with the next message when it could not be opened', async (t) => {
  const world = await bridge(t, { out: [AUDIT], before: ({ kafka }) => { kafka.producerError = new Error('refused') } })
  t.equal(world.app.kafka.state, 'unavailable')
  await world.app.stomp.publish('/topic/audit/a', 'x')
  await world.pass(2000)
  t.equal(world.stats.waiting, 1)
  world.kafka.producerError = null
  await world.pass(6000)
  t.strictSame([world.kafka.textsOf('audit'), world.app.kafka.state], [['x'], 'available'])
})

t.test('app.close() waits for what goes to Kafka, for a bounded time, and tells of losses', async (t) => {
  const world = await bridge(t, { out: [AUDIT] })
  const held = deferred<void>()
  world.kafka.hold = held.promise
  await world.app.stomp.publish('/topic/audit/a', 'x')
  const closing = world.close()
  setImmediate(() => held.resolve())
  await closing
  t.strictSame([world.kafka.textsOf('audit'), world.kafka.closed, world.app.kafka.state], [['x'], 1, 'stopped'])

  const away = await bridge(t, { out: [{ ...AUDIT, confirm: true }], confirmTimeout: 60_000 })
  away.kafka.refuses = () => new Error('away')
  const lost = t.rejects(away.app.stomp.publish('/topic/audit/a', 'x'), { code: 'STOMP_BROKER_STOPPED' })
  await until(() => away.stats.waiting === 1, 'the message waits')
  await away.close()
  await lost
  t.match(away.stats, { failed: 1, waiting: 0 })
  t.ok(away.log.some(({ level, msg }) => level === 50 && msg.includes('closes while messages wait for Kafka')))
})
