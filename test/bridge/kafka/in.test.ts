import t from 'tap'
import { refusal } from '../../../src/stomp.ts'
import { deferred, until } from '../../support/wait.ts'
import { headersOf } from '../../stomp/support.ts'
import { bridge, ORDERS, P0, P1, turn } from './support.ts'

t.test('a record goes to its destination with its place, its headers and an id, and is committed after that', async (t) => {
  const world = await bridge(t, { in: [{ ...ORDERS, contentType: 'application/json' }] })
  const { kafka } = world
  t.match(kafka.consumer.options, { group: 'g', topics: ['orders'], fromBeginning: false, concurrency: 8 })
  kafka.consumer.assign(P0, P1)
  const client = await world.connect()
  await client.subscribe('s', '/topic/orders/*')
  kafka.give('orders', 1, { key: 'a', value: '{"n":1}', headers: [['trace', 'x']] })
  const message = await client.message()
  t.equal(message.body.text, '{"n":1}')
  t.match(headersOf(message), {
    destination: '/topic/orders/a', 'message-id': 'kafka-orders-1-0', 'x-kafka-topic': 'orders', 'x-kafka-partition': '1', 'x-kafka-offset': '0', 'content-type': 'application/json', trace: 'x'
  })
  t.equal(kafka.commits, 0)
  await world.pass(200)
  t.strictSame([...kafka.committed], [['orders:1', 1n]])
  t.match(world.stats, { consumed: 1, published: 1, dead: 0, skipped: 0 })
})

t.test('keys, values and headers of all kinds become messages that STOMP can carry', async (t) => {
  const world = await bridge(t, { in: [ORDERS] })
  const { kafka, published } = world
  kafka.consumer.assign(P0)
  const large = 'x'.repeat(1024 * 1024)
  const broken = Buffer.of(0xff, 0x00, 0xc3)
  kafka.give('orders', 0,
    { value: 'no key' },
    { key: 'a', value: null },
    { key: 'a', value: large },
    { key: 'a', value: broken },
    { key: Buffer.of(0xff), value: '' },
    {
      key: 'a',
      value: 'headers',
      headers: [
        ['x-kafka-topic', 'forged'], ['X-Kafka-Offset', '9'], ['destination', '/topic/else'], ['Subscription', 's'], ['', 'nameless'], ['nul\0name', 'a\0b'],
        ['octets', broken], ['line', 'a\nb:c\\d'], ['twice', '1'], ['twice', '2'], ['__proto__', 'p'], ['Content-Type', 'application/xml']
      ]
    },
    { key: 'a', value: 'large headers', headers: [['first', '1'], ['large', 'x'.repeat(20_000)], ['last', '2']] })
  await world.reaches(7)
  const [noKey, tombstone, mega, octets, odd, headers, largeHeaders] = published
  t.equal(noKey!.destination, '/topic/orders/none')
  t.strictSame([tombstone!.headers.get('x-kafka-tombstone'), tombstone!.body.length], ['true', 0])
  t.equal(mega!.body.length, large.length)
  t.strictSame([Buffer.from(octets!.body.bytes), octets!.headers.get('content-type')], [broken, 'application/octet-stream'])
  t.strictSame([odd!.destination, odd!.body.length, odd!.headers.has('x-kafka-tombstone')], ['/topic/orders/\ufffd', 0, false])
  t.strictSame([...headers!.headers], [
    ['x-kafka-topic', 'orders'], ['x-kafka-partition', '0'], ['x-kafka-offset', '5'], ['content-type', 'application/xml'],
    ['nulname', 'ab'], ['octets-base64', broken.toString('base64')], ['line', 'a\nb:c\\d'], ['twice', '1'], ['__proto__', 'p']
  ])
  t.strictSame([largeHeaders!.headers.get('first'), largeHeaders!.headers.has('large')], ['1', false])
  const client = await world.connect()
  await client.subscribe('s', '/topic/orders/a')
  kafka.give('orders', 0, { key: 'a', value: broken })
  t.strictSame(Buffer.from((await client.message()).body.bytes), broken, 'a client gets the octets')
  kafka.give('orders', 0, { key: 'a', value: large })
  t.equal((await client.message()).body.length, large.length)
})

t.test('records of a partition are published one by one in order, and those of other partitions meanwhile', async (t) => {
  const world = await bridge(t, { in: [{ topic: 'orders', to: '/topic/all' }] })
  const gates = new Map([['a0', deferred<void>()], ['a1', deferred<void>()]])
  const begun: string[] = []
  world.gate = ({ body }) => {
    begun.push(body.text)
    return gates.get(body.text)?.promise
  }
  world.kafka.consumer.assign(P0, P1)
  world.kafka.give('orders', 0, { value: 'a0' }, { value: 'a1' })
  world.kafka.give('orders', 1, { value: 'b0' }, { value: 'b1' })
  await world.reaches(2)
  t.strictSame([begun, world.texts, world.stats.taking], [['a0', 'b0', 'b1'], ['b0', 'b1'], 1])
  await world.pass(200)
  t.strictSame([...world.kafka.committed], [['orders:1', 2n]], 'a record that the broker does not have yet is not committed')
  gates.get('a0')!.resolve()
  await until(() => begun.length === 4, 'the next record has begun')
  await world.pass(200)
  t.equal(world.kafka.committed.get('orders:0'), 1n)
  gates.get('a1')!.resolve()
  await world.reaches(4)
  t.equal(world.kafka.commits, 2, 'one commit carries several records')
})

t.test('while the broker is not available, the partition pauses and tries again; nothing is passed over or committed', async (t) => {
  const world = await bridge(t, { in: [{ topic: 'orders', to: '/topic/all' }] })
  let away = true
  let tries = 0
  world.gate = ({ body }) => {
    if (!body.text.startsWith('a')) return
    tries++
    if (away) throw refusal('STOMP_BROKER_UNAVAILABLE')
  }
  const { kafka } = world
  kafka.consumer.assign(P0, P1)
  kafka.give('orders', 0, { value: 'a0' }, { value: 'a1' })
  kafka.give('orders', 1, { value: 'b0' })
  await world.reaches(1)
  t.strictSame([world.texts, [...kafka.consumer.paused]], [['b0'], ['orders:0']])
  t.match(world.stats.partitions, [{ topic: 'orders', partition: 0, paused: true }, { partition: 1, paused: false }])
  await world.pass(10 * 60_000)
  t.ok(tries > 100 && tries < 140, `${tries} tries in ten minutes`)
  t.strictSame([...kafka.committed], [['orders:1', 1n]])
  t.match(world.stats, { published: 1, dead: 0 })
  away = false
  await world.pass(6000)
  t.strictSame(world.texts, ['b0', 'a0', 'a1'])
  t.equal(kafka.committed.get('orders:0'), 2n)
  t.equal(world.stats.partitions[0]!.paused, false)
})

t.test('a failed commit is tried again, and says so', async (t) => {
  const world = await bridge(t, { in: [{ topic: 'orders', to: '/topic/all' }] })
  world.kafka.commitError = new Error('not the coordinator')
  world.kafka.consumer.assign(P0)
  world.kafka.give('orders', 0, { value: 'a' })
  await world.reaches(1)
  await world.pass(500)
  t.strictSame([...world.kafka.committed], [])
  t.ok(world.log.some(({ level, msg }) => level === 40 && msg.includes('has not taken the offsets')))
  world.kafka.commitError = null
  await world.pass(1200)
  t.equal(world.kafka.committed.get('orders:0'), 1n)
})

t.test('a partition that is taken away while its record is on the way is not committed', async (t) => {
  const world = await bridge(t, { in: [{ topic: 'orders', to: '/topic/all' }] })
  const held = deferred<void>()
  world.gate = () => held.promise
  world.kafka.consumer.assign(P0, P1)
  world.kafka.give('orders', 0, { value: 'a' })
  await until(() => world.stats.taking === 1, 'the record is on its way')
  world.kafka.consumer.assign(P1)
  held.resolve()
  await world.reaches(1)
  await world.pass(500)
  t.strictSame([...world.kafka.committed], [])
  t.strictSame(world.stats.partitions.map(({ partition }) => partition), [1])
})

t.test('a record that waits for the broker is let go with its partition', async (t) => {
  const world = await bridge(t, { in: [{ topic: 'orders', to: '/topic/all' }] })
  world.gate = () => { throw refusal('STOMP_BROKER_LOST') }
  world.kafka.consumer.assign(P0)
  world.kafka.give('orders', 0, { value: 'a' })
  await until(() => world.stats.retried === 1, 'the broker has refused')
  world.kafka.consumer.assign()
  world.gate = () => {}
  await world.pass(10_000)
  t.strictSame([world.texts, world.stats.retried], [[], 1])
})

t.test('records that come again after a rebalance are not published again, unless the group was set back', async (t) => {
  const world = await bridge(t, { in: [{ topic: 'orders', to: '/topic/all' }] })
  const { kafka } = world
  kafka.consumer.assign(P0)
  kafka.give('orders', 0, { value: '0' }, { value: '1' })
  await world.reaches(2)
  await world.pass(200)
  kafka.give('orders', 0, { value: '2' }, { value: '3' })
  await world.reaches(4)
  kafka.consumer.assign(P0)
  await until(() => world.stats.skipped === 2, 'both records came again')
  t.strictSame(world.texts, ['0', '1', '2', '3'])
  await world.pass(200)
  t.equal(kafka.committed.get('orders:0'), 4n, 'the repeats are committed')
  kafka.committed.set('orders:0', 1n)
  kafka.consumer.assign(P0)
  await world.reaches(7)
  t.strictSame(world.texts.slice(4), ['1', '2', '3'], 'an operator wants them again')
})

t.test('the consumer is opened again when it cannot be opened, and when it has ended', async (t) => {
  const states: string[] = []
  const world = await bridge(t, {
    in: [{ topic: 'orders', to: '/topic/all' }],
    before: ({ kafka, app }) => {
      kafka.openError = new Error('connection refused')
      app.kafka.onState((state) => { states.push(state) })
    }
  })
  const { kafka } = world
  t.equal(world.app.kafka.state, 'unavailable')
  await world.pass(3000)
  t.equal(kafka.consumers.length, 0)
  kafka.openError = null
  await world.pass(3000)
  t.equal(kafka.consumers.length, 1)
  kafka.consumer.assign(P0)
  kafka.give('orders', 0, { value: 'a' })
  await world.reaches(1)
  kafka.consumer.options.reader.ended(new Error('crash'))
  t.equal(world.app.kafka.state, 'unavailable')
  await world.pass(6000)
  t.strictSame(kafka.consumers.map(({ closed }) => closed), [true, false])
  kafka.consumer.assign(P0)
  await until(() => world.stats.skipped === 1, 'the record comes again, because it was not committed')
  t.strictSame(world.texts, ['a'])
  await world.pass(200)
  t.equal(kafka.committed.get('orders:0'), 1n)
  t.strictSame(states, ['unavailable', 'available', 'unavailable', 'available'])
})

t.test('a consumer that ends while it is opened is closed, and the next one commits', async (t) => {
  const world = await bridge(t, { in: [{ topic: 'orders', to: '/topic/all' }], before: ({ kafka }) => { kafka.crash = new Error('no coordinator') } })
  const { kafka } = world
  await world.pass(1000)
  t.strictSame(kafka.consumers.map(({ closed }) => closed), [true, false])
  kafka.consumer.assign(P0)
  kafka.give('orders', 0, { value: 'a' })
  await world.reaches(1)
  await world.pass(200)
  t.equal(kafka.committed.get('orders:0'), 1n)
})

t.test('the lag is asked every ten seconds, and Kafka that does not answer makes the bridge unavailable', async (t) => {
  const world = await bridge(t, { in: [{ topic: 'orders', to: '/topic/all' }] })
  const { kafka } = world
  world.gate = () => { throw refusal('STOMP_BROKER_UNAVAILABLE') }
  kafka.consumer.assign(P0)
  kafka.give('orders', 0, { value: 'a' }, { value: 'b' })
  await turn()
  t.equal(world.stats.partitions[0]!.lag, null)
  await world.pass(10_100)
  t.equal(world.stats.partitions[0]!.lag, 2)
  kafka.lagError = new Error('away')
  await world.pass(10_100)
  t.equal(world.app.kafka.state, 'unavailable')
  kafka.lagError = null
  await world.pass(10_100)
  t.equal(world.app.kafka.state, 'available')
})

t.test('app.close() stops reading, waits for records on their way, commits them and leaves the group', async (t) => {
  const world = await bridge(t, { in: [{ topic: 'orders', to: '/topic/all' }] })
  const { kafka } = world
  const held = deferred<void>()
  world.gate = () => held.promise
  kafka.consumer.assign(P0)
  kafka.give('orders', 0, { value: 'a' }, { value: 'b' })
  await until(() => world.stats.taking === 1, 'the record is on its way')
  const closing = world.close()
  await until(() => kafka.consumer.paused.has('orders:0'), 'the partition is paused')
  t.equal(kafka.consumer.closed, false)
  held.resolve()
  await closing
  t.strictSame([world.texts, [...kafka.committed], kafka.consumer.closed], [['a'], [['orders:0', 1n]], true])
})

t.test('app.close() does not wait for ever for a record, nor commit it', async (t) => {
  const world = await bridge(t, { in: [{ topic: 'orders', to: '/topic/all' }] })
  const { kafka } = world
  world.gate = () => new Promise(() => {})
  kafka.consumer.assign(P0)
  kafka.give('orders', 0, { value: 'a' })
  await until(() => world.stats.taking === 1, 'the record is on its way')
  await world.close()
  t.strictSame([[...kafka.committed], kafka.consumer.closed], [[], true])
})

t.test('app.close() ends the commits that Kafka does not take', async (t) => {
  const world = await bridge(t, { in: [{ topic: 'orders', to: '/topic/all' }] })
  const { kafka } = world
  kafka.consumer.assign(P0)
  kafka.commitError = new Error('away')
  kafka.give('orders', 0, { value: 'a' })
  await world.reaches(1)
  await world.close()
  const lines = (): number => world.log.filter(({ msg }) => msg.includes('offsets of the group')).length
  const before = lines()
  t.ok(before > 0)
  await world.pass(10_000)
  t.equal(lines(), before)
})

t.test('app.close() does not wait for ever for a client that Kafka does not answer', async (t) => {
  const options = { in: [{ topic: 'orders', to: '/topic/all' }], deadLetters: 'dead' }
  const hang = deferred<void>()
  const opened = await bridge(t, options)
  const opening = await bridge(t, { ...options, before: ({ kafka }) => { kafka.stuck = hang.promise } })
  opened.kafka.stuck = hang.promise
  await Promise.all([opened.close(), opening.close()])
  t.equal(opened.kafka.consumer.closed, false)
  hang.resolve()
  await until(() => opened.kafka.closed === 1 && opening.kafka.closed === 1 && opened.kafka.consumer.closed && opening.kafka.consumer?.closed, 'all are closed, late')
})
