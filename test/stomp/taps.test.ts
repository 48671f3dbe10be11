import t from 'tap'
import { FrameHeaders, memoryBroker, type OutgoingMessage } from '../../src/stomp.ts'
import { Body } from '../../src/stomp/codec/index.ts'
import { DestinationParser } from '../../src/stomp/destinations.ts'
import { Taps } from '../../src/stomp/taps.ts'
import { deferred } from '../support/wait.ts'
import { buildStomp } from './support.ts'

const message = (destination: string): OutgoingMessage => ({ destination, headers: new FrameHeaders(), body: Body.from('x') })

t.test('a tap gets the messages for the broker that fit its pattern: SEND, COMMIT, publish() and the answer of a route', async (t) => {
  const seen: string[] = []
  const server = await buildStomp(t, {
    routes ({ stomp }) {
      stomp.tap('/topic/audit/**', ({ destination, body }) => { seen.push(`${destination} ${body.text}`) })
      stomp.tap('/topic/*/b', ({ body }) => { seen.push(`second ${body.text}`) })
      stomp.message('/route', { sendTo: '/topic/audit/route' }, () => 'answer')
      stomp.message('/reply', () => 'reply')
    }
  })
  const client = await server.connect()
  await client.send('/topic/audit/a', 'send')
  await client.send('/topic/audit/b', 'both')
  await client.send('/topic/other', 'other')
  await client.send('/app/route', '{}')
  await client.send('/app/reply', '{}', { 'reply-to': '/topic/audit/reply' })
  await server.stomp.publish('/topic/audit/publish', 'publish')
  client.frame('BEGIN', { transaction: 't' })
  for (const body of ['one', 'two']) client.frame('SEND', { destination: '/topic/audit/t', transaction: 't' }, body)
  t.equal(seen.length, 6, 'a transaction is not seen before COMMIT')
  await client.ok('COMMIT', { transaction: 't' })
  t.strictSame(seen, ['/topic/audit/a send', '/topic/audit/b both', 'second both', '/topic/audit/route answer', '/topic/audit/reply reply', '/topic/audit/publish publish',
    '/topic/audit/t one', '/topic/audit/t two'])
})

t.test('a promise of a tap holds the RECEIPT and the promise of publish(), and its error reaches the publisher', async (t) => {
  const gate = deferred<void>()
  const server = await buildStomp(t, {
    routes ({ stomp }) {
      stomp.tap('/topic/held', () => gate.promise)
      stomp.tap('/topic/failing', () => Promise.reject(new Error('away')))
    }
  })
  const client = await server.connect()
  await client.subscribe('s', '/topic/held')
  client.frame('SEND', { destination: '/topic/held', receipt: 'r' }, 'x')
  t.equal((await client.message()).body.text, 'x', 'the subscribers do not wait')
  gate.resolve()
  t.equal((await client.next()).headers.get('receipt-id'), 'r')
  await t.rejects(server.stomp.publish('/topic/failing', 'x'), { message: 'away' })
  client.frame('SEND', { destination: '/topic/failing', receipt: 'f' }, 'x')
  const error = await client.next()
  t.strictSame([error.command, error.headers.get('receipt-id')], ['ERROR', 'f'])
})

t.test('a message that the broker refuses does not reach a tap, and the messages of a transaction come in order', async (t) => {
  const taps = new Taps(new DestinationParser(['/app'], '/'))
  const seen: string[] = []
  const work = deferred<void>()
  t.equal(taps.after(work.promise, message('/topic/a')), work.promise, 'without taps the work itself comes back')
  taps.add('/topic/**', ({ destination }) => { seen.push(destination) })
  t.equal(taps.after(undefined, message('/queue/a')), undefined)
  const all = taps.afterAll(work.promise, ['/topic/1', '/queue/2', '/topic/3'].map(message))
  const refused = taps.after(Promise.reject(new Error('full')), message('/topic/refused'))
  await t.rejects(Promise.resolve(refused), { message: 'full' })
  t.strictSame(seen, [])
  work.resolve()
  await all
  t.strictSame(seen, ['/topic/1', '/topic/3'])
  t.equal(taps.afterAll(undefined, [message('/topic/4')]), undefined, 'work that is done needs no promise')
})

t.test('a tap that throws, at once or later, keeps no message from the other taps, and its error reaches the publisher', async (t) => {
  const taps = new Taps(new DestinationParser(['/app'], '/'))
  const seen: string[] = []
  taps.add('/topic/**', ({ destination }) => { if (destination === '/topic/1') throw new Error('at once') })
  taps.add('/topic/**', async ({ destination }) => { if (destination === '/topic/2') throw new Error('later') })
  taps.add('/topic/**', ({ destination }) => { seen.push(destination) })
  await t.rejects(Promise.resolve(taps.after(undefined, message('/topic/1'))), { message: 'at once' })
  await t.rejects(Promise.resolve(taps.after(undefined, message('/topic/2'))), { message: 'later' })
  await t.rejects(Promise.resolve(taps.afterAll(undefined, ['/topic/1', '/topic/2', '/topic/3'].map(message))), { message: 'at once' })
  t.strictSame(seen, ['/topic/1', '/topic/2', '/topic/1', '/topic/2', '/topic/3'])
})

t.test('a tap is refused with a wrong pattern, and for a destination that never goes to the broker', async (t) => {
  const { stomp } = await buildStomp(t)
  for (const [pattern, problem] of [['topic', /begins with \//], ['/topic//a', /empty/], ['/topic/**/a', /whole segment/], ['/app/a', /application/], ['/user/kim/a', /user/]] as const) {
    t.throws(() => stomp.tap(pattern, () => {}), { code: 'FST_STOMP_INVALID_OPTION', message: problem })
  }
  t.throws(() => stomp.tap('/topic/a', 'x' as never), { code: 'FST_STOMP_INVALID_OPTION', message: /a function/ })
})

t.test('the id of a message of the application is the message-id of a topic', async (t) => {
  const server = await buildStomp(t, { stomp: { broker: memoryBroker() } })
  const client = await server.connect()
  await client.subscribe('s', '/topic/a')
  await server.broker.publish({ ...message('/topic/a'), id: 'kafka-orders-0-17' })
  t.equal((await client.next()).headers.get('message-id'), 'kafka-orders-0-17')
})
