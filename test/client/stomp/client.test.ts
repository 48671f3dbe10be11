import t, { type Test } from 'tap'
import { begin, type StompMessage } from '../../../src/stomp-client.ts'
import { AWKWARD } from '../../support/texts.ts'
import { until, within } from '../../support/wait.ts'
import { connected, open, startStomp, take, TRANSPORTS } from './support.ts'

type Transport = typeof TRANSPORTS[number]

function each (name: string, test: (t: Test, transport: Transport) => Promise<void>): void {
  t.test(name, async (t) => {
    for (const transport of TRANSPORTS) await t.test(transport, (t) => test(t, transport))
  })
}

each('it subscribes, sends, and closes in order', async (t, transports) => {
  const server = await startStomp(t)
  const client = open(t, server.port, { transports })
  t.equal(client.state, 'connecting')
  const prices = client.subscribe('/topic/prices/:symbol', { params: { symbol: 'X' } })
  t.equal(prices.destination, '/topic/prices/X')
  await within(prices.ready, 'the receipt of SUBSCRIBE')
  t.equal(client.state, 'connected')
  t.match(await client.events.connected.next(), { headers: { version: '1.2' }, target: client })
  await client.send('/topic/prices/:symbol', { bid: 1 }, { params: { symbol: 'X' }, headers: { 'x-a': 'b:\n\\c' } })
  await client.send('/topic/prices/X', 'text')
  await client.send('/topic/prices/X')
  const { value: first } = await prices.next()
  t.strictSame([first!.body, first!.text, first!.destination, first!.headers['x-a']], [{ bid: 1 }, '{"bid":1}', '/topic/prices/X', 'b:\n\\c'])
  t.strictSame(await take(prices, 2), ['text', undefined])
  await client.close()
  t.equal(client.state, 'closed')
  t.strictSame(await prices.next(), { done: true, value: undefined })
  t.match(await client.events.closed.next(), { code: 1000, error: null })
  t.equal(client.events.interrupted.all.length, 0)
})

each('a thousand messages, in order, with awkward texts', async (t, transports) => {
  const server = await startStomp(t, { stomp: { endpoint: { responseLimit: 4096, queue: { limit: 4 * 1024 * 1024 } } } })
  const client = await connected(open(t, server.port, { transports }))
  const texts = [...Object.values(AWKWARD), ...Array.from({ length: 1000 }, (_, i) => `message ${i}`)]
  const subscription = client.subscribe('/topic/a', { limit: 2000 })
  const sent = Promise.all(texts.map((text) => client.send('/topic/a', text)))
  // STOMP has no empty text: it is a body without octets.
  t.strictSame(await take(subscription, texts.length), texts.map((text) => text === '' ? undefined : text))
  await sent
})

each('leaving the loop unsubscribes', async (t, transports) => {
  const server = await startStomp(t)
  const client = await connected(open(t, server.port, { transports }))
  const seen: unknown[] = []
  const subscription = client.subscribe('/topic/a')
  await subscription.ready
  for (const body of [1, 2, 3]) await client.send('/topic/a', body)
  for await (const { body } of subscription) {
    seen.push(body)
    if (body === 2) break
  }
  t.strictSame(seen, [1, 2])
  await until(() => server.stomp.subscriptions({ destination: '/topic/a' }).length === 0, 'no subscription is left')
  for await (const message of subscription) t.fail(`${message.text} after the end`)
})

each('questions and answers', async (t, transports) => {
  const server = await startStomp(t, {
    routes (app) {
      app.stomp.message('/add', ({ body }) => (body as number[]).reduce((a, b) => a + b))
      app.stomp.message('/teapot', () => { throw Object.assign(new Error('short and stout'), { statusCode: 418, code: 'TEAPOT' }) })
    }
  })
  const client = await connected(open(t, server.port, { transports }))
  t.equal(await client.request('/app/add', [1, 2]), 3)
  t.strictSame(await Promise.all([1, 2, 3, 4].map((i) => client.request('/app/add', [i, i]))), [2, 4, 6, 8])
  await t.rejects(client.request('/app/teapot', 1), { code: 'TEAPOT', message: 'short and stout', body: { statusCode: 418 } })
  await t.rejects(client.send('/app/teapot', 1), { code: 'TEAPOT' })
  t.equal(client.state, 'connected')
})

t.test('one client answers another', async (t) => {
  const server = await startStomp(t)
  const [asker, oracle] = [open(t, server.port), open(t, server.port)]
  const answers = oracle.answer('/queue/questions', (question) => `not ${String(question)}`)
  await answers.ready
  t.strictSame(await Promise.all(['left', 'right'].map((way) => asker.request('/queue/questions', way))), ['not left', 'not right'])
  answers.unsubscribe()
  const refusing = oracle.answer('/queue/others', () => { throw new Error('no idea') })
  await refusing.ready
  await t.rejects(asker.request('/queue/others', 'way'), { code: 'STOMP_CLIENT_REFUSED', message: 'refused: no idea' })
  t.match(await oracle.events.error.next(), { error: { message: 'no idea' } })
  await t.rejects(asker.request('/queue/nobody', 'way', { timeout: 20 }), { code: 'STOMP_CLIENT_TIMEOUT', message: 'timeout: /queue/nobody' })
})

t.test('the client answers the server', async (t) => {
  const server = await startStomp(t)
  const client = open(t, server.port)
  const answers = client.answer('/user/queue/confirm', async (question, { destination }) => {
    if (question === 'break') throw new Error('no idea')
    return { question, destination }
  })
  await answers.ready
  const [session] = server.stomp.sessions
  t.strictSame(await server.stomp.request(session!, '/queue/confirm', 1), { question: 1, destination: '/user/queue/confirm' })
  await t.rejects(server.stomp.request(session!, '/queue/confirm', 'break'), { code: 'FST_STOMP_REQUEST_REFUSED', message: /no idea/ })
  t.match(await client.events.error.next(), { error: { message: 'no idea' } })
  await server.stomp.publishToSession(session!, '/queue/confirm', 'no question')
  t.match(await client.events.error.next(), { error: TypeError })
})

t.test('a question ends by its time, and by the end of the connection', async (t) => {
  let asked = 0
  const server = await startStomp(t, { routes: (app) => app.stomp.message('/never', () => { asked++ }) })
  const client = await connected(open(t, server.port))
  await t.rejects(client.request('/app/never', 1, { timeout: 20 }), { code: 'STOMP_CLIENT_TIMEOUT' })
  const interrupted = client.request('/app/never', 1)
  await until(() => asked === 2, 'the questions have come')
  server.stomp.close({ all: true }, 3001, 'cut')
  await t.rejects(interrupted, { code: 'STOMP_CLIENT_INTERRUPTED' })
})

t.test('an error of a handler reaches the promise, or the event, and the connection goes on', async (t) => {
  const server = await startStomp(t, {
    routes (app) {
      app.stomp.message('/fail', () => { throw new Error('secret') })
      app.stomp.subscribe('/fail', () => { throw new Error('secret') })
      app.stomp.message('/own', () => { throw new Error('own') })
      app.stomp.setErrorHandler((error) => error.message === 'own' ? 'own words' : undefined)
    }
  })
  const client = await connected(open(t, server.port))
  await t.rejects(client.send('/app/fail', 1), { name: 'StompClientError', code: 'STOMP_HANDLER_FAILED', headers: { destination: '/user/queue/errors' } })
  await t.rejects(client.send('/app/own', 1), { code: 'STOMP_HANDLER_FAILED', message: 'own words' })
  await client.send('/app/fail', 1, { receipt: false })
  t.match(await client.events.error.next(), { error: { code: 'STOMP_HANDLER_FAILED' } })
  const unconfirmed = await connected(open(t, server.port, { receipt: false }))
  await unconfirmed.subscribe('/topic/a').ready
  await unconfirmed.send('/app/fail', 1)
  t.match(await unconfirmed.events.error.next(), { error: { code: 'STOMP_HANDLER_FAILED' } }, 'without receipts no promise gets the error')
  const subscription = client.subscribe('/app/fail')
  await t.rejects(subscription.next(), { code: 'STOMP_HANDLER_FAILED' })
  t.strictSame(await subscription.next(), { done: true, value: undefined })
  t.equal(client.events.interrupted.all.length, 0)
})

t.test('the server refuses a frame: its promise has the code, others do not know, and the next connection works', async (t) => {
  const server = await startStomp(t)
  const client = await connected(open(t, server.port))
  const wrong = client.subscribe('/nowhere/a')
  const other = client.send('/topic/a', 1)
  const good = client.subscribe('/topic/a')
  await t.rejects(wrong.ready, { code: 'STOMP_UNKNOWN_DESTINATION', headers: { code: 'STOMP_UNKNOWN_DESTINATION' } })
  await t.rejects(wrong.next(), { code: 'STOMP_UNKNOWN_DESTINATION' })
  await t.rejects(other, { code: 'STOMP_CLIENT_INTERRUPTED', cause: { code: 'STOMP_UNKNOWN_DESTINATION' } })
  t.match(await client.events.interrupted.next(), { error: { code: 'STOMP_UNKNOWN_DESTINATION' }, failures: 1 })
  await good.ready
  await t.rejects(client.send('/nowhere/b', 1), { code: 'STOMP_UNKNOWN_DESTINATION' })
  await client.events.interrupted.next()
  await client.send('/topic/a', 2)
  t.equal(client.events.interrupted.all.length, 2)
})

t.test('the server refuses CONNECT: the client ends, with the code', async (t) => {
  const server = await startStomp(t, {
    routes: (app) => app.stomp.addHook('onConnect', ({ headers }) => {
      if (headers.get('authorization') !== 'good') throw Object.assign(new Error('who are you?'), { statusCode: 401 })
    })
  })
  const refused = open(t, server.port, { headers: { authorization: 'bad' } })
  const subscription = refused.subscribe('/topic/a')
  await t.rejects(refused.send('/topic/a', 1), { message: /who are you/ })
  await t.rejects(subscription.next(), { message: /who are you/ })
  t.match(await refused.events.closed.next(), { error: { headers: { message: /who are you/ } } })
  t.equal(refused.state, 'closed')
  t.throws(() => refused.subscribe('/topic/a'), { code: 'STOMP_CLIENT_CLOSED' })
  await t.rejects(refused.send('/topic/a'), { code: 'STOMP_CLIENT_CLOSED' })
  t.throws(() => begin(refused), { code: 'STOMP_CLIENT_INTERRUPTED' })
  await refused.close()
  t.equal(refused.state, 'closed')
  let calls = 0
  const good = await connected(open(t, server.port, {
    async headers () {
      if (++calls === 1) throw new Error('no token yet')
      return { authorization: 'good' }
    }
  }))
  t.match(await good.events.interrupted.next(), { error: { code: 'STOMP_CLIENT_BAD_ARGUMENT', message: /no token yet/ } })
  await good.send('/topic/a', 1)
})

t.test('acknowledgements: again after a NACK, and after the end of the connection', async (t) => {
  const server = await startStomp(t)
  const client = await connected(open(t, server.port))
  const jobs = client.subscribe('/queue/jobs', { ack: 'client-individual', headers: { 'prefetch-count': '1' } })
  const next = async (): Promise<StompMessage> => (await within(jobs.next(), 'a job')).value!
  for (const job of [1, 2]) await client.send('/queue/jobs', job)
  const first = await next()
  t.equal(first.body, 1)
  t.equal(first.nack(), true)
  const again = await next()
  t.strictSame([again.body, again.headers['redelivered']], [1, 'true'])
  server.stomp.close({ all: true }, 3001, 'cut')
  const third = await next()
  t.strictSame([third.body, third.headers['redelivered']], [1, 'true'])
  t.equal(again.ack(), false, 'its connection has ended')
  t.equal(third.ack(), true)
  t.equal((await next()).body, 2)
})

t.test('transactions: all at once, or not at all', async (t) => {
  const server = await startStomp(t)
  const client = await connected(open(t, server.port))
  const [jobs, done] = [client.subscribe('/queue/jobs', { ack: 'client-individual' }), client.subscribe('/topic/done/:name', { params: { name: 'a' } })]
  await client.send('/queue/jobs', 'job')
  const { value: job } = await jobs.next()
  const dropped = begin(client)
  dropped.send('/topic/done/a', 'never')
  dropped.ack(job!)
  await dropped.abort()
  const transaction = begin(client)
  transaction.send('/topic/done/:name', 'yes', { params: { name: 'a' } })
  transaction.nack(job!)
  t.not(transaction.id, dropped.id)
  await client.send('/topic/done/a', 'before')
  await transaction.commit()
  t.strictSame(await take(done, 2), ['before', 'yes'])
  t.equal((await jobs.next()).value!.headers['redelivered'], 'true')
  const lost = begin(client)
  server.stomp.close({ all: true }, 3001, 'cut')
  await client.events.interrupted.next()
  await t.rejects(lost.commit(), { code: 'STOMP_CLIENT_INTERRUPTED' })
})

t.test('a listener in place of a loop; its error hurts nothing', async (t) => {
  const server = await startStomp(t)
  const client = await connected(open(t, server.port))
  const thrown: unknown[] = []
  const note = (error: unknown): void => { thrown.push(error) }
  process.on('uncaughtException', note)
  t.teardown(() => process.off('uncaughtException', note))
  const seen: unknown[] = []
  const subscription = client.subscribe('/topic/a', {}, ({ body }) => {
    seen.push(body)
    if (body === 1) throw new Error('as asked')
  })
  await subscription.ready
  for (const body of [1, 2]) await client.send('/topic/a', body)
  await until(() => seen.length === 2 && thrown.length === 1, 'the messages and the error')
  t.match(thrown, [{ message: 'as asked' }])
  subscription.unsubscribe()
  await client.send('/topic/a', 3)
  t.strictSame(seen, [1, 2])
  const refused = client.subscribe('/nowhere/a', {}, () => {})
  t.match(await client.events.error.next(), { error: { code: 'STOMP_UNKNOWN_DESTINATION' } })
  await t.rejects(refused.ready, { code: 'STOMP_UNKNOWN_DESTINATION' })
})

t.test('a loop that is too slow gets what waits, and then a clear error', async (t) => {
  const server = await startStomp(t)
  const client = await connected(open(t, server.port))
  const slow = client.subscribe('/topic/a', { limit: 3 })
  const other = client.subscribe('/topic/a')
  await slow.ready
  for (let i = 0; i < 5; i++) await client.send('/topic/a', i)
  t.strictSame(await take(slow, 3), [0, 1, 2])
  await t.rejects(slow.next(), { code: 'STOMP_CLIENT_OVERFLOW', message: 'overflow: /topic/a' })
  t.strictSame(await take(other, 5), [0, 1, 2, 3, 4])
  await until(() => server.stomp.subscriptions({ destination: '/topic/a' }).length === 1, 'one subscription is left')
})

t.test('return() ends a subscription, before the first message and while next() waits', async (t) => {
  const server = await startStomp(t)
  const client = await connected(open(t, server.port))
  const [unread, waiting] = [client.subscribe('/topic/a'), client.subscribe('/topic/b')]
  await Promise.all([unread.ready, waiting.ready])
  const next = waiting.next()
  for (const subscription of [unread, waiting]) t.strictSame(await subscription.return(undefined), { done: true, value: undefined })
  t.strictSame(await within(next, 'the end'), { done: true, value: undefined })
  t.strictSame(await unread.next(), { done: true, value: undefined })
  await client.send('/topic/c', 1)
  t.strictSame(server.stomp.subscriptions({}).map(({ destination }) => destination), ['/user/queue/errors'])
})

t.test('a signal ends a subscription', async (t) => {
  const server = await startStomp(t)
  const one = new AbortController()
  const client = await connected(open(t, server.port))
  const subscription = client.subscribe('/topic/a', { signal: one.signal })
  const waiting = subscription.next()
  one.abort()
  t.strictSame(await waiting, { done: true, value: undefined })
  await t.rejects(subscription.ready, { code: 'STOMP_CLIENT_CLOSED' })
  const late = client.subscribe('/topic/a', { signal: one.signal })
  t.strictSame(await late.next(), { done: true, value: undefined })
})

t.test('frames wait for the connection, in order and bounded', async (t) => {
  const server = await startStomp(t)
  const client = open(t, server.port, { queue: 3 })
  const subscription = client.subscribe('/topic/a')
  const sent = [1, 2, 3].map((body) => client.send('/topic/a', body))
  await t.rejects(client.send('/topic/a', 4), { code: 'STOMP_CLIENT_QUEUE_FULL' })
  t.strictSame(await take(subscription, 3), [1, 2, 3])
  await Promise.all(sent)
  const other = open(t, server.port)
  const waiting = other.send('/topic/a', 5)
  await other.close()
  await t.rejects(waiting, { code: 'STOMP_CLIENT_CLOSED' })
  t.equal(subscription[Symbol.asyncIterator](), subscription)
})

t.test('frames before close() are processed', async (t) => {
  const server = await startStomp(t, {
    routes: (app) => app.stomp.message('/slow', async ({ body }) => {
      await new Promise((resolve) => setImmediate(resolve))
      return body
    })
  })
  const client = await connected(open(t, server.port))
  const sent = [1, 2, 3].map((body) => client.send('/app/slow', body))
  const answer = client.request('/app/slow', 'x')
  await client.close()
  await Promise.all(sent)
  t.equal(await answer, 'x')
  t.equal(client.close(), client.close())
})

t.test('arguments that are not valid', async (t) => {
  const server = await startStomp(t)
  const client = open(t, server.port)
  for (const params of [{}, { a: '' }, { a: 'x/y' }]) t.throws(() => client.subscribe('/topic/:a', { params: params as { a: string } }), { code: 'STOMP_CLIENT_BAD_ARGUMENT' })
  for (const value of [() => {}, Uint8Array.of(1), new DataView(new ArrayBuffer(1)), Symbol('x')]) await t.rejects(client.send('/topic/a', value), { code: 'STOMP_CLIENT_BAD_ARGUMENT' })
  await t.rejects(client.request('/app/:a' as string, 1), { code: 'STOMP_CLIENT_BAD_ARGUMENT' })
  t.throws(() => open(t, 1, {}, '#x'), SyntaxError)
})
