import t from 'tap'
import { handleNamed, handleOf, refused, startMemoryBroker, textOf } from '../../support/broker.ts'
import { keepsNothing } from '../../support/heap.ts'

t.test('STOMP-A3: after too many deliveries a message goes to the dead-letter queue', async (t) => {
  const { connect } = await startMemoryBroker(t)
  const a = await connect()
  a.subscribe('1', '/queue/x', 'client-individual')
  a.publish('/queue/x', 'poison', { foo: 'bar' })
  a.publish('/queue/x', 'good')
  for (let i = 1; i <= 10; i++) {
    t.equal(a.sink.texts.filter((text) => text === 'poison').length, i)
    a.broker.nack([handleNamed(a, 'poison')])
  }
  t.equal(a.sink.texts.filter((text) => text === 'poison').length, 10)
  t.strictSame(a.sink.deliveries.all.filter(({ redelivered }) => redelivered).length, 9)
  a.subscribe('dead', '/dlq', 'client-individual')
  const letter = a.sink.deliveries.all.at(-1)!
  t.match(letter, { key: 'dead', redelivered: false })
  t.equal(textOf(letter), 'poison')
  t.strictSame([...letter.publication.headers], [
    ['destination', '/dlq'], ['message-id', letter.publication.id], ['foo', 'bar'],
    ['original-destination', '/queue/x'], ['x-death-reason', 'delivery-limit']
  ])
})

t.test('a dead letter that no consumer can handle is dropped, and the log says so', async (t) => {
  const { connect, log } = await startMemoryBroker(t, { maxDeliveries: 2 })
  const a = await connect()
  a.subscribe('1', '/queue/x', 'client-individual')
  a.subscribe('dead', '/dlq', 'client-individual')
  a.publish('/queue/x', 'poison')
  for (let i = 0; i < 4; i++) a.broker.nack([handleNamed(a, 'poison')])
  t.strictSame(a.sink.deliveries.all.map(({ key }) => key), ['1', '1', 'dead', 'dead'])
  t.strictSame(log.warnings, ['a dead letter was dropped'])
})

t.test('maxDeliveries 0 tries for ever', async (t) => {
  const { broker, connect } = await startMemoryBroker(t, { maxDeliveries: 0 })
  t.notOk(broker.capabilities.deadLetters)
  const a = await connect()
  a.subscribe('1', '/queue/x', 'client-individual')
  a.publish('/queue/x', 'poison')
  for (let i = 0; i < 50; i++) a.broker.nack([handleNamed(a, 'poison')])
  t.equal(a.sink.texts.length, 51)
})

t.test('a full dead-letter queue drops its oldest', async (t) => {
  const { connect, log } = await startMemoryBroker(t, { maxDeliveries: 1, maxQueueMessages: 2 })
  const a = await connect()
  a.subscribe('1', '/queue/x', 'client-individual')
  for (const text of ['1', '2', '3', '4']) {
    a.publish('/queue/x', text)
    a.broker.nack([handleNamed(a, text)])
  }
  const b = await connect()
  b.subscribe('1', '/dlq')
  t.strictSame(b.sink.texts, ['3', '4'])
  t.equal(log.warnings.length, 1)
})

t.test('STOMP-A1: in client mode many deliveries go back together, in order', async (t) => {
  const { connect } = await startMemoryBroker(t)
  const [a, b] = [await connect(), await connect()]
  a.subscribe('1', '/queue/x', 'client', { 'prefetch-count': '4' })
  for (let i = 0; i < 6; i++) a.publish('/queue/x', String(i))
  b.subscribe('1', '/queue/x', 'client')
  t.strictSame(b.sink.texts, ['4', '5'])
  a.broker.nack(a.sink.deliveries.all.map(handleOf))
  t.strictSame(b.sink.texts, ['4', '5', '0', '1', '2', '3'])
})

t.test('SEC-S28: prefetch-count and the limit of the connection', async (t) => {
  const { connect } = await startMemoryBroker(t, { prefetch: 3, maxUnacked: 4 })
  const a = await connect()
  a.subscribe('1', '/queue/x', 'client')
  for (let i = 0; i < 5; i++) a.publish('/queue/x', `x${i}`)
  t.strictSame(a.sink.texts, ['x0', 'x1', 'x2'])
  a.subscribe('2', '/queue/y', 'client', { 'prefetch-count': '0' })
  a.subscribe('3', '/topic/z', 'client')
  a.subscribe('4', '/queue/z', 'auto')
  for (let i = 0; i < 2; i++) a.publish('/queue/y', `y${i}`)
  a.publish('/topic/z', 'z')
  a.publish('/queue/z', 'auto')
  t.strictSame(a.sink.texts, ['x0', 'x1', 'x2', 'y0', 'auto'], 'a message without an acknowledgement needs no credit')
  a.broker.ack([handleNamed(a, 'x0')])
  t.equal(a.sink.texts.length, 6)
  for (let left = 4; left > 0; left--) a.broker.ack([handleOf(a.sink.deliveries.all.at(-1)!)])
  t.strictSame(a.sink.texts.sort(), ['auto', 'x0', 'x1', 'x2', 'x3', 'x4', 'y0', 'y1', 'z'])
  await refused(t, () => a.subscribe('5', '/queue/x', 'client', { 'prefetch-count': 'many' }))
  await refused(t, () => a.subscribe('5', '/topic/x', 'client', { 'prefetch-count': '-1' }))
})

t.test('the messages that one subscription gives back are credit for the others of its connection', async (t) => {
  const { connect } = await startMemoryBroker(t, { maxUnacked: 2 })
  const a = await connect()
  a.subscribe('1', '/queue/x', 'client')
  a.publish('/queue/x', 'x0')
  a.publish('/queue/x', 'x1')
  a.subscribe('2', '/queue/y', 'client')
  a.publish('/queue/y', 'y0')
  t.strictSame(a.sink.texts, ['x0', 'x1'])
  a.broker.unsubscribe('1')
  t.strictSame(a.sink.texts, ['x0', 'x1', 'y0'])
})

t.test('acknowledging twice, or a message of another client, changes nothing', async (t) => {
  const { connect } = await startMemoryBroker(t)
  const [a, b] = [await connect(), await connect()]
  a.subscribe('1', '/queue/x', 'client-individual', { 'prefetch-count': '1' })
  a.publish('/queue/x', '0')
  a.publish('/queue/x', '1')
  b.broker.ack([handleNamed(a, '0')])
  b.broker.nack([handleNamed(a, '0'), {}])
  t.strictSame(a.sink.texts, ['0'])
  a.broker.ack([handleNamed(a, '0'), handleNamed(a, '0')])
  a.broker.nack([handleNamed(a, '0')])
  t.strictSame(a.sink.texts, ['0', '1'])
  a.broker.unsubscribe('1')
  a.broker.ack([handleNamed(a, '1')])
  a.subscribe('2', '/queue/x')
  t.strictSame(a.sink.texts, ['0', '1', '1'], 'it had gone back by then')
})

t.test('a full queue refuses, and names the limit', async (t) => {
  const { connect } = await startMemoryBroker(t, { maxQueueMessages: 2, maxQueueBytes: 1000, maxBytes: 1700, maxQueues: 3 })
  const a = await connect()
  a.publish('/queue/x', '0')
  a.publish('/queue/x', '1')
  t.match(await refused(t, () => a.publish('/queue/x', '2')), { code: 'STOMP_QUEUE_FULL', message: /at most 2 messages/ })
  t.match(await refused(t, () => a.publish('/queue/y', 'y'.repeat(1000))), { code: 'STOMP_QUEUE_FULL', message: /at most 1000 octets/ })
  a.publish('/queue/y', 'y'.repeat(700))
  t.match(await refused(t, () => a.publish('/queue/z', 'z'.repeat(200))), { code: 'STOMP_BROKER_FULL', message: /at most 1700 octets/ })
  a.subscribe('1', '/queue/x', 'client')
  await refused(t, () => a.publish('/queue/x', '2'), false)
  a.broker.ack([handleNamed(a, '0')])
  a.publish('/queue/x', '2')
  t.strictSame(a.sink.texts, ['0', '1', '2'], 'acknowledged messages make room')
})

t.test('SEC-S30: queues without messages and consumers are forgotten', async (t) => {
  const { connect } = await startMemoryBroker(t, { maxQueues: 2, maxQueueMessages: 1, queueWildcards: true })
  const a = await connect()
  for (let i = 0; i < 10; i++) {
    a.subscribe('1', `/queue/${i}`, 'client')
    a.publish(`/queue/${i}`, String(i))
    a.broker.ack([handleNamed(a, String(i))])
    a.broker.unsubscribe('1')
  }
  a.subscribe('1', '/queue/kept')
  a.publish('/queue/kept too', 'kept')
  t.match(await refused(t, () => a.publish('/queue/x')), { code: 'STOMP_TOO_MANY_QUEUES', message: /at most 2/ })
  t.match(await refused(t, () => a.subscribe('2', '/queue/x')), { code: 'STOMP_TOO_MANY_QUEUES' })
  await refused(t, () => a.publish('/queue/kept too', 'too many'))
  a.broker.unsubscribe('1')
  await refused(t, () => a.publish('/queue/y', 'x'.repeat(20 * 1024 * 1024)))
  a.publish('/queue/z', 'z')
  t.pass('a queue that was made for a message that does not fit is forgotten too')
})

t.test('queueWildcards: one subscription takes from many queues', async (t) => {
  const { connect } = await startMemoryBroker(t, { queueWildcards: true, maxQueues: 3 })
  const [a, b] = [await connect(), await connect()]
  b.publish('/queue/x/before', 'before')
  b.publish('/queue/y/other', 'other')
  a.subscribe('1', '/queue/x/*', 'client-individual', { 'prefetch-count': '2' })
  b.publish('/queue/x/after', 'after')
  b.publish('/queue/x/after', 'waits')
  t.strictSame(a.sink.texts, ['before', 'after'])
  a.broker.ack([handleNamed(a, 'before')])
  t.strictSame(a.sink.texts, ['before', 'after', 'waits'], 'credit of one queue is credit for all')
  a.broker.ack([handleNamed(a, 'after'), handleNamed(a, 'waits')])
  for (let i = 0; i < 5; i++) {
    b.publish(`/queue/x/${i}`, String(i))
    a.broker.ack([handleNamed(a, String(i))])
  }
  t.equal(a.sink.texts.length, 8, 'a pattern alone keeps no queue')
  b.publish('/queue/x/last', 'last')
  a.broker.unsubscribe('1')
  b.publish('/queue/x/last', 'later')
  b.subscribe('1', '/queue/x/last')
  t.strictSame(b.sink.texts, ['last', 'later'])
})

// --- time

t.test('time to live: the shortest of ttl, expiration and expires, else the default', async (t) => {
  const { clock, connect } = await startMemoryBroker(t, { ttl: 500 })
  const a = await connect()
  const send = (text: string, headers: Record<string, string>): void => { a.publish('/queue/x', text, headers) }
  send('default', {})
  send('ttl', { ttl: '1500' })
  send('expiration', { expiration: '2500' })
  send('expires', { expires: String(clock.date() + 3500) })
  send('shortest', { ttl: '3500', expiration: '1500' })
  send('never', { ttl: '0' })
  send('never either', { expires: '99999999999999999999' })
  const left = [6, 4, 3, 2, 2]
  for (const count of left) {
    clock.advance(1000)
    const b = await connect()
    b.sink.takes = true
    b.subscribe('1', '/queue/x', 'client')
    t.equal(b.sink.texts.length, count)
    b.broker.close()
  }
  for (const name of ['ttl', 'expiration', 'expires']) {
    for (const value of ['soon', '-1', '1.5', '']) await refused(t, () => a.publish('/queue/x', '', { [name]: value }))
  }
  a.publish('/topic/x', '', { expires: 'Thu, 01 Jan 1970 00:00:00 GMT' })
})

t.test('expired messages make room, with one timer for all', async (t) => {
  const { clock, connect } = await startMemoryBroker(t, { maxQueueMessages: 100, maxQueues: 2 })
  const a = await connect()
  for (let i = 0; i < 100; i++) a.publish('/queue/x', String(i), { ttl: String(100 + i) })
  a.publish('/queue/y', 'y', { ttl: '5000' })
  t.equal(clock.pending, 1)
  clock.advance(2000)
  for (let i = 0; i < 100; i++) a.publish('/queue/z', String(i))
  t.equal(clock.pending, 1)
  clock.advance(10_000)
  t.equal(clock.pending, 0, 'and none when nothing expires')
})

t.test('K1: a queue that has emptied is forgotten, however late its messages would have expired', async (t) => {
  const { clock, connect } = await startMemoryBroker(t, { maxQueues: 2 })
  const a = await connect()
  await keepsNothing(t, 'emptied queues', {
    times: 20_000,
    once: (i) => {
      a.publish(`/queue/${i}`, 'text', { ttl: '99999999999' })
      a.subscribe('1', `/queue/${i}`)
      a.broker.unsubscribe('1')
      a.sink.deliveries.all.length = 0
    }
  })
  clock.advance(2000)
  t.equal(clock.pending, 0, 'no timer runs for them')
})

t.test('deadLetterExpired: a message that no consumer took in time is a dead letter', async (t) => {
  const { clock, connect } = await startMemoryBroker(t, { deadLetterExpired: true })
  const a = await connect()
  a.publish('/queue/x', 'late', { ttl: '100' })
  a.subscribe('1', '/dlq')
  clock.advance(2000)
  t.strictSame(a.sink.texts, ['late'])
  t.equal(a.sink.deliveries.all[0]!.publication.headers.get('x-death-reason'), 'expired')
})

t.test('a message that expires at a consumer is not delivered again', async (t) => {
  const { clock, connect } = await startMemoryBroker(t)
  const a = await connect()
  a.subscribe('1', '/queue/x', 'client')
  a.publish('/queue/x', 'short', { ttl: '100' })
  clock.advance(1000)
  a.broker.nack([handleNamed(a, 'short')])
  t.strictSame(a.sink.texts, ['short'])
})
