import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import sockjs from '../../../src/index.ts'
import stomp, { memoryBroker, type RelayBroker, relayBroker, type RelayBrokerOptions } from '../../../src/stomp.ts'
import { within } from '../../support/wait.ts'

async function startBroker (t: Test): Promise<{ app: FastifyInstance, url: string }> {
  const app = Fastify() as unknown as FastifyInstance
  await app.register(sockjs)
  await app.register(stomp, { path: '/stomp', broker: memoryBroker(), tcp: { port: 0 } })
  await app.ready()
  t.teardown(() => within(app.close(), 'the end of the broker'))
  return { app, url: `tcp://127.0.0.1:${app.stomp.tcpPort}` }
}

/** One process of an application whose processes share a broker. */
async function startProcess (t: Test, servers: string, options: Partial<RelayBrokerOptions> = {}): Promise<FastifyInstance> {
  const app = Fastify() as unknown as FastifyInstance
  await app.register(sockjs)
  await app.register(stomp, { path: '/stomp', broker: relayBroker({ servers, ...options }) })
  app.stomp.addHook('onConnect', (frame, session) => { if (frame.login !== undefined) session.user = { name: frame.login } })
  app.stomp.message<{ Body: { name: string } }>('/hello', { sendTo: '/topic/greetings' }, ({ body }) => ({ content: `Hello, ${body.name}!` }))
  app.stomp.message('/ask', () => 'the answer')
  app.stomp.message<{ Body: { to: string } }>('/tell', async ({ body }) => { await app.stomp.publishToUser(body.to, '/queue/news', { text: 'told' }).elsewhere })
  await app.ready()
  t.teardown(() => within(app.close(), 'the end of a process'))
  return app
}

const brokerOf = (app: FastifyInstance): RelayBroker => app.stomp.broker as RelayBroker

for (const mode of ['per-client', 'shared'] as const) {
  t.test(`${mode}: two processes on one broker are one application`, async (t) => {
    const { url } = await startBroker(t)
    const [one, two] = [await startProcess(t, url, { mode }), await startProcess(t, url, { mode })]
    const anna = await one.stomp.inject({ headers: { login: 'anna' } })
    const kim = await two.stomp.inject({ headers: { login: 'kim' } })

    await kim.subscribe('/topic/greetings')
    await anna.send('/app/hello', { name: 'Kim' })
    t.strictSame(await kim.nextJson(), { content: 'Hello, Kim!' }, 'an answer of a route in one process reaches clients of the other')

    await kim.subscribe('/user/queue/news')
    await anna.send('/app/tell', { to: 'kim' })
    const news = await kim.next('MESSAGE')
    t.strictSame(JSON.parse(news.body.text), { text: 'told' })
    t.equal(news.headers.get('destination'), '/user/queue/news')
    t.notOk([...news.headers.keys()].some((name) => name.startsWith('x-fastify')), 'the headers of its journey are removed')

    const { sessions, elsewhere } = two.stomp.publishToUser('kim', '/queue/news', 'local')
    t.equal(sessions, 1)
    await elsewhere
    t.equal((await kim.next('MESSAGE')).body.text, 'local')
    await kim.subscribe('/topic/end')
    await two.stomp.publish('/topic/end', 'end')
    t.equal((await kim.next('MESSAGE')).body.text, 'end', 'and it came once')

    await one.stomp.publish('/topic/end', { from: 'the application' }, { headers: { 'correlation-id': '7' } })
    const published = await kim.next('MESSAGE')
    t.equal(published.headers.get('correlation-id'), '7')
  })

  t.test(`${mode}: reply-to, to a service in another process and to a route`, async (t) => {
    const { url } = await startBroker(t)
    const [one, two] = [await startProcess(t, url, { mode }), await startProcess(t, url, { mode })]
    const [client, service] = [await one.stomp.inject(), await two.stomp.inject()]
    await service.subscribe('/queue/service')
    await client.send('/queue/service', 'question', { 'reply-to': '/temp-queue/mine' })
    const question = await service.next('MESSAGE')
    await service.send(question.headers.get('reply-to')!, 'answer')
    const answer = await client.next('MESSAGE')
    t.match([answer.headers.get('subscription'), answer.body.text], ['/temp-queue/mine', 'answer'])
    await client.send('/app/ask', {}, { 'reply-to': '/temp-queue/mine' })
    t.equal((await client.next('MESSAGE')).body.text, 'the answer')
  })

  t.test(`${mode}: STOMP-A1, STOMP-T3: acknowledgements and transactions`, async (t) => {
    const { url } = await startBroker(t)
    const app = await startProcess(t, url, { mode })
    const client = await app.stomp.inject()
    await client.subscribe('/queue/work', { id: 'w', ack: 'client-individual' })
    client.frame('BEGIN', { transaction: 't' })
    for (const text of ['1', '2']) client.frame('SEND', { destination: '/queue/work', transaction: 't' }, text)
    client.frame('COMMIT', { transaction: 't', receipt: 'c' })
    t.equal((await client.next('RECEIPT')).headers.get('receipt-id'), 'c')
    const [first, second] = [await client.next('MESSAGE'), await client.next('MESSAGE')]
    client.frame('ACK', { id: first.headers.get('ack')!, receipt: 'a' })
    await client.next('RECEIPT')
    t.equal(second.body.text, '2')
    await client.disconnect()
    const next = await app.stomp.inject()
    await next.subscribe('/queue/work')
    const again = await next.next('MESSAGE')
    t.match([again.body.text, again.headers.get('redelivered')], ['2', 'true'])
  })
}

t.test('the broker goes: sessions get an ERROR and the close, new ones are refused in words; it comes back: they are served', async (t) => {
  const { app: broker, url } = await startBroker(t)
  const app = await startProcess(t, url, { reconnect: { min: 50, max: 100 } })
  const client = await app.stomp.inject()
  await client.subscribe('/topic/x')
  const port = broker.stomp.tcpPort!
  await broker.close()
  const error = await client.next('ERROR')
  t.match(error.headers.get('code'), /^STOMP_BROKER_(LOST|STOPPED)$/)
  t.equal((await within(client.closed, 'the close')).code, 1002)
  t.equal(brokerOf(app).state, 'unavailable')
  t.match(await app.stomp.inject().catch((refusal: { code: string }) => refusal.code), /^STOMP_BROKER_UNAVAILABLE$/)

  const again = Fastify()
  await again.register(sockjs)
  await again.register(stomp, { path: '/stomp', broker: memoryBroker(), tcp: { port } })
  await again.ready()
  t.teardown(() => again.close())
  const next = await app.stomp.inject()
  await next.subscribe('/topic/x')
  await app.stomp.publish('/topic/x', 'here again')
  t.equal((await next.next('MESSAGE')).body.text, 'here again')
  t.equal(brokerOf(app).stats().clients, 1)
})

t.test('RELAY-6, RELAY-7: a refusal of the broker comes as ERROR with the client\'s own receipt-id', async (t) => {
  const { app: broker, url } = await startBroker(t)
  broker.stomp.addHook('preSend', (_session, { destination }) => {
    if (destination === '/topic/forbidden') throw Object.assign(new Error('secret reason at host 10.0.0.1'), { statusCode: 403 })
  })
  const app = await startProcess(t, url)
  const client = await app.stomp.inject()
  client.frame('SEND', { destination: '/topic/forbidden', receipt: 'mine' }, 'text')
  const error = await client.next('ERROR')
  t.equal(error.headers.get('receipt-id'), 'mine')
  t.notMatch(`${error.headers.get('message')} ${error.body.text}`, /secret|10\.0/)
})
