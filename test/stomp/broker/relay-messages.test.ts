import t from 'tap'
import { FrameHeaders } from '../../../src/stomp/codec/index.ts'
import { rabbitmq } from '../../../src/stomp.ts'
import { handleOf, message, refused, TestSink } from '../../support/broker.ts'
import { client, relayTo } from '../../support/relay.ts'

t.test('SEC-S67: clients set no header that means something to the broker, unless an option allows it', async (t) => {
  const world = await relayTo(t, { dialect: rabbitmq(), allowHeaders: ['persistent'] })
  const { connection, link } = await client(world)
  await connection.publish('/topic/x', 'text', { 'user-id': 'root', 'x-message-ttl': '1', persistent: 'true', foo: 'bar', 'message-id': '7', id: '1', receipt: 'no' })
  const sent = await link.next('SEND')
  t.strictSame([...sent.headers].filter(([name]) => name !== 'content-length' && name !== 'receipt'), [['destination', '/topic/x'], ['persistent', 'true'], ['foo', 'bar']])
  await connection.subscribe('1', '/queue/x', 'client', { selector: 'a=1', 'x-queue-name': 'secret', persistent: 'true', 'prefetch-count': '7' })
  const subscribed = await link.next('SUBSCRIBE')
  t.strictSame([...subscribed.headers].filter(([name]) => name !== 'receipt'),
    [['id', 's1'], ['destination', '/queue/x'], ['ack', 'client-individual'], ['prefetch-count', '7'], ['persistent', 'true']])
  await refused(t, () => connection.publish('/topic/x', '', { expiration: 'soon' }))
  await refused(t, () => connection.subscribe('2', '/queue/x', 'client', { 'prefetch-count': 'many' }))
  for (const other of ['/exchange/amq.direct/fastify-sockjs.users', '/amq/queue/x', '/exchange/x/y']) t.notOk(world.relay.accepts(other, 'send'), other)
  await refused(t, () => connection.publish('/reply-queue/guessed'))
})

t.test('RELAY-22: the relay keeps its own limits', async (t) => {
  const { connection } = await client(await relayTo(t))
  for (const wrong of ['/topic/', '/topic//x', '/topic/' + 'x/'.repeat(16) + 'x', '/topic/' + 'é'.repeat(125)]) {
    await refused(t, () => connection.subscribe('1', wrong))
    await refused(t, () => connection.publish(wrong))
  }
  for (const pattern of ['/topic/*/*/*/*/*', '/topic/**/x', '/queue/*']) await refused(t, () => connection.subscribe('1', pattern))
})

t.test('FACT-7, RELAY-5: a MESSAGE keeps only the headers of its publisher', async (t) => {
  const world = await relayTo(t)
  const { connection, link } = await client(world)
  await connection.subscribe('1', '/topic/x')
  link.send('MESSAGE', [['subscription', 's1'], ['destination', '/topic/x'], ['message-id', 'T_s1@@session@@1'], ['redelivered', 'false'], ['receipt', 'r'],
    ['transaction', 't'], ['ack', 'a'], ['login', 'guest'], ['user-name', 'root'], ['foo', 'bar'], ['content-type', 'text/plain']], 'text')
  const { publication, redelivered } = await connection.sink.deliveries.next()
  t.notOk(redelivered)
  t.strictSame([...publication.headers].map(([name]) => name), ['destination', 'message-id', 'foo', 'content-type'])
  t.match(publication.id, /^[\w-]+$/)
})

t.test('RELAY-21: durable subscriptions are named after their user', async (t) => {
  const world = await relayTo(t, { dialect: rabbitmq(), allowHeaders: ['durable'] })
  const ids: string[] = []
  for (const user of ['kim', 'kim', 'anna']) {
    const broker = await world.relay.connect({ session: 's', user, headers: new FrameHeaders(), signal: new AbortController().signal }, new TestSink())
    const link = await world.fake.connections.next()
    await broker.subscribe({ key: 'news', destination: '/topic/news', ack: 'auto', headers: FrameHeaders.from({ durable: 'true' }) })
    ids.push((await link.next('SUBSCRIBE')).headers.get('id')!)
  }
  t.equal(ids[0], ids[1])
  t.not(ids[0], ids[2])
  const { connection } = await client(world)
  await refused(t, () => connection.subscribe('news', '/topic/news', 'auto', { durable: 'true' }))
})

t.test('SEC-S67: a message for a user gives the broker no order, and reply-to names only destinations that a client can name', async (t) => {
  const world = await relayTo(t, { dialect: rabbitmq() })
  await world.relay.publishToUser({ user: 'kim', destination: '/user/queue/x', headers: FrameHeaders.from({ 'user-id': 'evil', timestamp: 'abc', foo: 'bar' }), body: message('').body })
  const { headers } = await world.system.next('SEND')
  t.match([headers.get('user-id'), headers.get('timestamp'), headers.get('foo')], [undefined, undefined, 'bar'])
  const { connection, link } = await client(world)
  await refused(t, () => connection.publish('/queue/x', '', { 'reply-to': '/amq/queue/private' }))
  await refused(t, () => connection.publish('/queue/x', '', { 'reply-to': '/reply-queue/guessed' }))
  await refused(t, () => connection.publish('/queue/x', '', { 'reply-to': '/api/x' }))
  await connection.publish('/queue/x', '', { 'reply-to': '/topic/a/b' })
  t.equal((await link.next('SEND')).headers.get('reply-to'), '/topic/a.b')
})

t.test('a reply-to below a prefix of the application or below /user stays as it is', async (t) => {
  const world = await relayTo(t, {}, {}, ['/api', '/jobs/new'])
  const { connection, link } = await client(world)
  for (const own of ['/api/answers', '/jobs/new/7', '/user/queue/x', 'anything']) {
    await connection.publish('/queue/x', '', { 'reply-to': own })
    t.equal((await link.next('SEND')).headers.get('reply-to'), own)
  }
  for (const other of ['/app/answers', '/jobs/old', '/apis/x', '/users/x']) await refused(t, () => connection.publish('/queue/x', '', { 'reply-to': other }))
})

t.test('RELAY-2: acknowledgements in the words of an older broker', async (t) => {
  for (const [version, expected] of [['1.1', [['message-id', 'm1'], ['subscription', 's1']]], ['1.0', [['message-id', 'm1']]]] as const) {
    const world = await relayTo(t, {}, { connect: (connection) => connection.send('CONNECTED', { version }) })
    const { connection, link } = await client(world)
    await connection.subscribe('1', '/queue/x', 'client-individual')
    t.equal((await link.next('SUBSCRIBE')).headers.get('ack'), version === '1.0' ? 'client' : 'client-individual')
    link.send('MESSAGE', { subscription: 's1', destination: '/queue/x', 'message-id': 'm1' })
    await connection.broker.ack([handleOf(await connection.sink.deliveries.next())])
    const { headers } = await link.next('ACK')
    t.strictSame([...headers].filter(([name]) => name !== 'receipt'), expected.map((entry) => [...entry]))
  }
})
