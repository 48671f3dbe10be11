import t from 'tap'
import { ManualClock } from '../../../src/core/clock.ts'
import { memoryBroker, type MemoryBrokerOptions } from '../../../src/stomp/broker/memory/index.ts'
import { connect, message, refused, startMemoryBroker, type TestConnection, testLog, textOf } from '../../support/broker.ts'
import { brokerContract } from './contract.ts'

for (const separator of ['/', '.'] as const) {
  brokerContract(`memoryBroker with ${separator}`, async (t) => {
    const { broker, clock } = await startMemoryBroker(t, { separator, history: [{ pattern: '/topic/**' }] })
    return { broker, pass: async (ms) => clock.advance(ms) }
  })
}

brokerContract('memoryBroker with other prefixes and little else', async (t) => {
  const { broker, clock } = await startMemoryBroker(t, { prefixes: { topic: ['/fan', '/topic'], deadLetters: '/dead/letters' }, maxTemporaryQueues: 0 })
  t.ok(broker.accepts('/fan/x', 'send'))
  t.ok(broker.accepts('/dead/letters', 'subscribe'))
  return { broker, pass: async (ms) => clock.advance(ms) }
})

// --- destinations

t.test('a prefix is whole segments, and every prefix has its own sense', async (t) => {
  const { broker } = await startMemoryBroker(t)
  const cases: [destination: string, send: boolean, subscribe: boolean][] = [
    ['/topic/x', true, true],
    ['/topic', false, false],
    ['/topic.x', false, false],
    ['/queue/a/b', true, true],
    ['/queuex/a', false, false],
    ['/temp-queue/x', true, true],
    ['/reply-queue/x', true, false],
    ['/dlq', false, true],
    ['/dlq/x', false, false],
    ['/user/queue/x', false, false],
    ['x/topic/x', false, false]
  ]
  for (const [destination, send, subscribe] of cases) {
    t.equal(broker.accepts(destination, 'send'), send, `SEND ${destination}`)
    t.equal(broker.accepts(destination, 'subscribe'), subscribe, `SUBSCRIBE ${destination}`)
  }
})

t.test('SEC-S29, SEC-S33, SEC-S64: the form of destinations', async (t) => {
  const { connect } = await startMemoryBroker(t)
  const a = await connect()
  const wrong: [destination: string, code: string][] = [
    ['/topic/', 'STOMP_INVALID_DESTINATION'],
    ['/topic//x', 'STOMP_INVALID_DESTINATION'],
    ['/topic/x/', 'STOMP_INVALID_DESTINATION'],
    ['/topic/' + 'x/'.repeat(16) + 'x', 'STOMP_INVALID_DESTINATION'],
    ['/topic/' + 'é'.repeat(125), 'STOMP_DESTINATION_TOO_LONG'],
    ['/nowhere/x', 'STOMP_UNKNOWN_DESTINATION'],
    ['/user/kim/queue/x', 'STOMP_UNKNOWN_DESTINATION']
  ]
  for (const [destination, code] of wrong) {
    t.equal((await refused(t, () => a.publish(destination))).code, code, destination)
    t.equal((await refused(t, () => a.subscribe('1', destination))).code, code, destination)
  }
  a.publish('/topic/' + 'é'.repeat(124))
  a.publish('/topic/' + Array(16).fill('x').join('/'))
  a.subscribe('most', '/topic/*/a/*/b/*/*/**')
  for (const pattern of ['/topic/*/*/*/*/*', '/topic/**/x', '/topic/**/*', '/topic/**/**', '/*', '/**', '/queue/*', '/queue/a/**', '/temp-queue/*', '/reply-queue/*', '/user/**']) {
    await refused(t, () => a.subscribe('1', pattern))
  }
  await refused(t, () => a.publish('/queue/*'))
  await refused(t, () => a.publish('/dlq'))
})

t.test('SEC-S64: no pattern reaches a private queue', async (t) => {
  const { connect } = await startMemoryBroker(t, { queueWildcards: true })
  const [spy, client] = [await connect(), await connect()]
  spy.subscribe('1', '/topic/**')
  spy.subscribe('2', '/queue/**')
  client.subscribe('1', '/temp-queue/x')
  client.publish('/temp-queue/x', 'mine')
  t.strictSame(client.sink.texts, ['mine'])
  t.strictSame(spy.sink.texts, [])
  spy.subscribe('3', '/temp-queue/x')
  spy.publish('/temp-queue/x', 'other')
  t.strictSame(client.sink.texts, ['mine'], 'the same name on another connection is another queue')
  t.strictSame(spy.sink.texts, ['other'])
})

t.test('the separator stands between the segments behind the prefix', async (t) => {
  const { connect } = await startMemoryBroker(t, { separator: '.' })
  const a = await connect()
  a.subscribe('1', '/topic/PRICE.STOCK.*.IBM')
  a.subscribe('2', '/topic/a/*')
  a.publish('/topic/PRICE.STOCK.NASDAQ.IBM', 'price')
  a.publish('/topic/a/b', 'path')
  t.strictSame(a.sink.texts, ['price'])
})

// --- calls from within deliver

t.test('STOMP-M6: messages that are published during a delivery come behind it, at every subscriber', async (t) => {
  const { connect } = await startMemoryBroker(t)
  const [a, b, c] = [await connect(), await connect(), await connect()]
  for (const each of [a, b, c]) each.subscribe('1', '/topic/x')
  b.sink.react = (delivery) => {
    if (textOf(delivery) !== 'first') return
    b.publish('/topic/x', 'second')
    b.publish('/topic/x', 'third')
  }
  a.publish('/topic/x', 'first')
  for (const each of [a, b, c]) t.strictSame(each.sink.texts, ['first', 'second', 'third'])
})

t.test('STOMP-S5: a subscription that ends while a message goes round gets it no more', async (t) => {
  const { connect } = await startMemoryBroker(t)
  const [a, b, c] = [await connect(), await connect(), await connect()]
  for (const each of [a, b, c]) each.subscribe('1', '/topic/x')
  a.sink.react = () => {
    b.broker.unsubscribe('1')
    c.broker.close()
  }
  a.publish('/topic/x', 'message')
  t.strictSame([a.sink.texts.length, b.sink.texts.length, c.sink.texts.length], [1, 0, 0])
})

t.test('a client that subscribes during a delivery gets the next message', async (t) => {
  const { connect } = await startMemoryBroker(t, { history: [{ pattern: '/topic/**' }] })
  const [a, b] = [await connect(), await connect()]
  const late: TestConnection[] = []
  for (const each of [a, b]) each.subscribe('1', '/topic/x')
  const [plain, recovering] = [await connect(), await connect()]
  a.sink.react = (delivery) => {
    if (textOf(delivery) !== '1') return
    const { headers } = delivery.publication
    a.publish('/topic/x', '2')
    plain.subscribe('1', '/topic/*')
    recovering.subscribe('1', '/topic/x', 'auto', { 'x-recover': `${headers.get('x-epoch')}:0` })
    late.push(plain, recovering)
  }
  a.publish('/topic/x', '1')
  t.strictSame(late.map(({ sink }) => sink.texts), [['2'], ['1', '2']])
})

t.test('messages that are published while a client catches up come behind the missed ones', async (t) => {
  const { connect } = await startMemoryBroker(t, { history: [{ pattern: '/topic/**' }] })
  const [a, b] = [await connect(), await connect()]
  const { position } = a.subscribe('1', '/topic/x') as { position: string }
  for (const text of ['1', '2', '3']) a.publish('/topic/x', text)
  b.sink.react = (delivery) => { if (textOf(delivery) === '1') b.publish('/topic/x', '4') }
  b.subscribe('1', '/topic/x', 'auto', { 'x-recover': position })
  t.strictSame(b.sink.texts, ['1', '2', '3', '4'])
  t.strictSame(a.sink.texts, ['1', '2', '3', '4'])
  const c = await connect()
  c.sink.react = () => { c.broker.unsubscribe('1') }
  c.subscribe('1', '/topic/x', 'auto', { 'x-recover': position })
  t.strictSame(c.sink.texts, ['1'], 'it may stop in between')
})

t.test('a broken sink does not stop the broker', async (t) => {
  const { connect } = await startMemoryBroker(t)
  const [a, b] = [await connect(), await connect()]
  a.subscribe('1', '/topic/x')
  b.subscribe('1', '/topic/y')
  a.sink.react = () => {
    b.publish('/topic/y', 'waiting')
    throw new Error('a sink must not')
  }
  t.throws(() => b.publish('/topic/x', 'message'))
  b.publish('/topic/y', 'later')
  t.strictSame(b.sink.texts, ['waiting', 'later'])
})

// --- transactions

t.test('STOMP-T3: a COMMIT that does not fit leaves no trace', async (t) => {
  const { connect } = await startMemoryBroker(t, { maxQueueMessages: 2, maxQueues: 1 })
  const a = await connect()
  a.subscribe('1', '/topic/x')
  const publish = (destination: string, text: string) => ({ type: 'publish', message: message(destination, text) } as const)
  await refused(t, () => a.broker.commit(
    [publish('/topic/x', '0'), publish('/queue/x', '1'), publish('/queue/x', '2'), publish('/queue/x', '3')]))
  t.strictSame(a.sink.texts, [])
  a.broker.commit([publish('/queue/y', 'a'), publish('/queue/y', 'b')])
  a.subscribe('2', '/queue/y')
  t.strictSame(a.sink.texts, ['a', 'b'], 'a refused transaction keeps neither places nor queues')
})

t.test('STOMP-T3: no other message comes between the messages of a COMMIT', async (t) => {
  const { connect } = await startMemoryBroker(t)
  const [a, b] = [await connect(), await connect()]
  a.subscribe('1', '/topic/x')
  a.subscribe('2', '/queue/x')
  a.sink.react = ({ publication }) => { if (publication.body.text.startsWith('c')) b.publish('/topic/x', 'between') }
  const publish = (destination: string, text: string) => ({ type: 'publish', message: message(destination, text) } as const)
  b.broker.commit([publish('/topic/x', 'c1'), publish('/queue/x', 'c2'), publish('/topic/x', 'c3')])
  t.strictSame(a.sink.texts, ['c1', 'c2', 'c3', 'between', 'between', 'between'])
})

// --- life

t.test('before start and after stop nothing is taken; it starts again empty', async (t) => {
  const broker = memoryBroker()
  const states: string[] = []
  broker.onState((state) => states.push(state))
  t.equal(broker.state, 'starting')
  await refused(t, () => connect(broker), true)
  await refused(t, () => broker.publish(message('/topic/x')), true)
  const context = { clock: new ManualClock(), log: testLog(), applicationPrefixes: ['/app'] }
  await broker.start(context)
  await broker.start(context)
  const [a, b] = [await connect(broker), await connect(broker)]
  a.subscribe('1', '/queue/x', 'client')
  b.subscribe('1', '/queue/x', 'client')
  a.publish('/queue/x', 'message', { ttl: '60000' })
  a.publish('/queue/y', 'waits', { ttl: '60000' })
  await broker.stop()
  t.equal(a.sink.texts.length + b.sink.texts.length, 1, 'nothing goes from one connection that ends to the next')
  t.equal(context.clock.pending, 0)
  await broker.start(context)
  const c = await connect(broker)
  c.subscribe('1', '/queue/y')
  t.strictSame(c.sink.texts, [])
  t.strictSame(states, ['available', 'unavailable', 'available'])
  await broker.stop()
})

t.test('options that cannot be are refused at once', async (t) => {
  const wrong: [options: unknown, text: RegExp][] = [
    [null, /memoryBroker: must be an object/],
    [{ seperator: '.' }, /option seperator: is not known/],
    [{ separator: ':' }, /option separator: must be one of "\/", ".", not ":"/],
    [{ maxQueues: 0 }, /option maxQueues: must be an integer from 1/],
    [{ prefetch: '5' }, /option prefetch/],
    [{ ttl: -1 }, /option ttl/],
    [{ queueWildcards: 1 }, /option queueWildcards: must be true or false/],
    [{ maxSegments: 65 }, /option maxSegments: must be an integer from 1 to 64/],
    [{ prefixes: [] }, /option prefixes: must be an object/],
    [{ prefixes: { topics: '/t' } }, /option prefixes.topics: is not known/],
    [{ prefixes: { topic: '/topic/' } }, /option prefixes.topic: must be a text that begins with \/, .*, not "\/topic\/"/],
    [{ prefixes: { topic: 'topic' } }, /option prefixes.topic/],
    [{ prefixes: { topic: [] } }, /option prefixes.topic: must name one/],
    [{ prefixes: { topic: ['/a', '/*'] } }, /option prefixes.topic/],
    [{ prefixes: { topic: '/queue/a' } }, /overlap/],
    [{ prefixes: { queue: '/topic' } }, /overlap/],
    [{ prefixes: { topic: '/user' } }, /\/user belongs to no broker/],
    [{ history: {} }, /option history: must be a list/],
    [{ history: [{}] }, /option history\[0\].pattern: must be a text/],
    [{ history: [{ pattern: '/queue/x' }] }, /option history\[0\].pattern: must begin with the prefix of topics/],
    [{ history: [{ pattern: '/topic/**/x' }] }, /option history\[0\].pattern/],
    [{ history: [{ pattern: '/topic/x', messages: 0 }] }, /option history\[0\].messages/],
    [{ history: [{ pattern: '/topic/x', size: 1 }] }, /option history\[0\].size: is not known/]
  ]
  for (const [options, text] of wrong) {
    t.throws(() => memoryBroker(options as MemoryBrokerOptions), { code: 'FST_STOMP_INVALID_OPTION', message: text })
  }
  t.ok(memoryBroker({ maxQueues: undefined } as never), 'undefined is the default')
})
