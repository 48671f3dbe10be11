import t from 'tap'
import { handleNamed, handleOf, message, refused, startMemoryBroker, type TestConnection, textOf } from '../../support/broker.ts'

// --- topics with acknowledgements

t.test('SEC-S28: a topic with acknowledgements stops at the credit and ends above the limit of its queue', async (t) => {
  const { connect } = await startMemoryBroker(t, { prefetch: 2, maxQueueMessages: 5 })
  const [a, b] = [await connect(), await connect()]
  a.subscribe('slow', '/topic/x', 'client')
  a.subscribe('other', '/topic/y')
  b.subscribe('quick', '/topic/x', 'client')
  b.sink.react = (delivery) => { b.broker.ack([handleOf(delivery)]) }
  for (let i = 0; i < 5; i++) b.publish('/topic/x', String(i))
  t.strictSame(a.sink.texts, ['0', '1'])
  a.broker.ack([handleNamed(a, '0')])
  t.strictSame(a.sink.texts, ['0', '1', '2'])
  for (let i = 5; i < 9; i++) b.publish('/topic/x', String(i))
  t.match(a.sink.endedSubscriptions.all, [{ key: 'slow', error: { code: 'STOMP_FELL_BEHIND', fatal: false } }])
  b.publish('/topic/y', 'y')
  t.strictSame(a.sink.texts, ['0', '1', '2', 'y'], 'only that subscription has ended')
  t.equal(b.sink.texts.length, 9, 'no other client is held up')
  a.broker.ack([handleNamed(a, '2')])
})

t.test('a publication that waits in many places counts once, and no client pays for the slow ones', async (t) => {
  const size = 100_000
  const { connect } = await startMemoryBroker(t, { maxBytes: 3 * size, prefetch: 1 })
  const quick = await connect()
  quick.subscribe('1', '/topic/x', 'client')
  quick.sink.react = (delivery) => { quick.broker.ack([handleOf(delivery)]) }
  const slow: TestConnection[] = []
  for (let i = 0; i < 10; i++) slow.push(await connect())
  for (const each of slow) each.subscribe('1', '/topic/x', 'client')
  for (let i = 0; i < 2; i++) quick.publish('/topic/x', 'x'.repeat(size))
  t.ok(slow.every(({ sink }) => sink.endedSubscriptions.all.length === 0))
  for (let i = 0; i < 3; i++) quick.publish('/topic/x', 'x'.repeat(size))
  t.ok(slow.every(({ sink }) => sink.endedSubscriptions.all.length === 1))
  t.equal(quick.sink.texts.length, 5)
  for (const each of slow) each.broker.close()
  quick.publish('/queue/x', 'x'.repeat(2 * size))
  t.pass('all of it is given back')
})

// --- temporary queues

t.test('a temporary queue ends with its connection, and answers after that go nowhere', async (t) => {
  const { connect } = await startMemoryBroker(t)
  const [client, service] = [await connect(), await connect()]
  service.subscribe('1', '/topic/ask')
  client.publish('/topic/ask', 'question', { 'reply-to': '/temp-queue/x' })
  const address = service.sink.deliveries.all[0]!.publication.headers.get('reply-to')!
  client.broker.close()
  service.publish(address, 'answer')
  service.publish('/reply-queue/AAAAAAAAAAAAAAAAAAAAAA', 'guess')
  t.equal(client.sink.texts.length, 0)
  await refused(t, () => service.subscribe('2', address))
})

t.test('a temporary queue gives back its room', async (t) => {
  const { connect } = await startMemoryBroker(t, { maxBytes: 1000, maxTemporaryQueues: 1 })
  const a = await connect()
  for (let i = 0; i < 5; i++) {
    const b = await connect()
    b.subscribe('1', '/temp-queue/x')
    b.broker.unsubscribe('1')
    b.sink.takes = false
    b.publish('/temp-queue/x', 'x'.repeat(500))
    b.publish('/temp-queue/x', 'x'.repeat(100))
    b.broker.close()
  }
  a.publish('/queue/x', 'x'.repeat(600))
  a.subscribe('1', '/queue/x')
  t.equal(a.sink.texts.length, 1)
})

t.test('the same temporary queue has one address, and SUBSCRIBE takes over from the implicit subscription', async (t) => {
  const { connect } = await startMemoryBroker(t)
  const [client, service] = [await connect(), await connect()]
  const addresses: string[] = []
  service.subscribe('1', '/topic/ask')
  service.sink.react = ({ publication }) => {
    addresses.push(publication.headers.get('reply-to')!)
    service.publish(addresses.at(-1)!, publication.body.text)
  }
  const ask = (text: string, name: string): void => { client.publish('/topic/ask', text, { 'reply-to': `/temp-queue/${name}` }) }
  ask('0', 'x')
  ask('1', 'x')
  ask('2', 'y')
  client.subscribe('mine', '/temp-queue/x', 'client')
  ask('3', 'x')
  client.broker.unsubscribe('mine')
  ask('4', 'x')
  t.strictSame(client.sink.deliveries.all.map((delivery) => `${delivery.key} ${textOf(delivery)}`), [
    '/temp-queue/x 0', '/temp-queue/x 1', '/temp-queue/y 2', 'mine 3', '/temp-queue/x 3', '/temp-queue/x 4'
  ])
  t.equal(addresses[0], addresses[1])
  t.equal(addresses[0], addresses[3])
  t.not(addresses[0], addresses[2])
})

t.test('temporary queues are bounded, and so are their names', async (t) => {
  const { broker, connect } = await startMemoryBroker(t, { maxTemporaryQueues: 2, maxQueueMessages: 3 })
  const [a, b] = [await connect(), await connect()]
  a.publish('/topic/x', '', { 'reply-to': '/temp-queue/1' })
  a.subscribe('2', '/temp-queue/2', 'client', { 'prefetch-count': '1' })
  t.match(await refused(t, () => a.publish('/topic/x', '', { 'reply-to': '/temp-queue/3' })), { code: 'STOMP_TOO_MANY_TEMPORARY_QUEUES' })
  t.match(await refused(t, () => a.subscribe('3', '/temp-queue/3')), { code: 'STOMP_TOO_MANY_TEMPORARY_QUEUES' })
  await refused(t, () => a.publish('/topic/x', '', { 'reply-to': '/temp-queue//3' }))
  b.subscribe('/temp-queue/x', '/topic/x')
  t.match(await refused(t, () => b.publish('/topic/y', '', { 'reply-to': '/temp-queue/x' })), { code: 'STOMP_INVALID_HEADER' })
  a.publish('/temp-queue/1', 'one')
  t.match(await refused(t, () => a.subscribe('/temp-queue/1', '/topic/x')), { code: 'STOMP_INVALID_HEADER' })
  await refused(t, () => broker.publish(message('/temp-queue/1')))
  await refused(t, () => broker.publish(message('/topic/x', '', { 'reply-to': '/temp-queue/1' })))
  for (let i = 0; i < 3; i++) a.publish('/temp-queue/2', String(i))
  t.strictSame(a.sink.endedSubscriptions.all, [])
  a.publish('/temp-queue/2', '3')
  t.match(a.sink.endedSubscriptions.all, [{ key: '2', error: { code: 'STOMP_FELL_BEHIND' } }])
})

t.test('a reply-to of another kind passes through', async (t) => {
  const { connect } = await startMemoryBroker(t)
  const a = await connect()
  a.subscribe('1', '/topic/x')
  for (const replyTo of ['/queue/answers', '/reply-queue/x', '/temp-queue', 'mailto:x']) {
    a.publish('/topic/x', '', { 'reply-to': replyTo })
    t.equal(a.sink.deliveries.all.at(-1)!.publication.headers.get('reply-to'), replyTo)
  }
})
