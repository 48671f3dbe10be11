import t, { type Test } from 'tap'
import { connectStomp } from '../../../src/stomp-client.ts'
import { memoryBroker } from '../../../src/stomp.ts'
import { type Cut, CUTS, CuttingProxy } from '../../support/cutting-proxy.ts'
import { until } from '../../support/wait.ts'
import type { StompTestServer } from '../../stomp/support.ts'
import { connected, open, startStomp, take, TRANSPORTS, watch } from './support.ts'

const COUNT = 60
const NUMBERS = Array.from({ length: COUNT }, (_, i) => i)

/** Cuts all connections of a server. */
function cut (server: StompTestServer): void {
  server.stomp.close({ all: true }, 3001, 'cut')
}

/** Publishes numbers to a topic, one in each turn of the event loop. */
async function publish (server: StompTestServer, destination: string, between = (_i: number): unknown => undefined): Promise<void> {
  for (const i of NUMBERS) {
    await server.stomp.publish(destination, i)
    await between(i)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

for (const transports of TRANSPORTS) {
  t.test(`${transports}: connections that end lose nothing of a history, and repeat nothing`, async (t) => {
    const server = await startStomp(t)
    const client = await connected(open(t, server.port, { transports, minDelay: 1, maxDelay: 2 }))
    const history = client.subscribe('/topic/history/a')
    await history.ready
    await publish(server, '/topic/history/a', async (i) => {
      if (i % 10 !== 5) return
      cut(server)
      if (i % 20 === 5) await client.events.recovered.next('the recovery')
    })
    t.strictSame(await take(history, COUNT), NUMBERS)
    t.strictSame(client.events.gap.all, [])
    t.ok(client.events.interrupted.all.length >= 3)
  })
}

t.test('a message between the first SUBSCRIBE and the first message is not lost', async (t) => {
  const server = await startStomp(t)
  const client = await connected(open(t, server.port))
  const history = client.subscribe('/topic/history/a')
  await history.ready
  cut(server)
  await server.stomp.publish('/topic/history/a', 'while away')
  await client.events.recovered.next('the recovery')
  await server.stomp.publish('/topic/history/a', 'after')
  t.strictSame(await take(history, 2), ['while away', 'after'])
  t.strictSame(client.events.gap.all, [])
})

t.test('a subscription begins at the position that the application gives, and goes on from its own', async (t) => {
  const server = await startStomp(t)
  const client = await connected(open(t, server.port))
  const first = client.subscribe('/topic/history/a')
  await first.ready
  await server.stomp.publish('/topic/history/a', 'seen')
  const { headers } = (await first.next()).value as { headers: Record<string, string> }
  first.unsubscribe()
  await server.stomp.publish('/topic/history/a', 'missed')
  const later = client.subscribe('/topic/history/a', { headers: { 'x-recover': `${headers['x-epoch']}:${headers['x-offset']}` } })
  await later.ready
  t.strictSame(await take(later, 1), ['missed'])
  cut(server)
  await client.events.recovered.next('the recovery')
  await server.stomp.publish('/topic/history/a', 'after')
  t.strictSame(await take(later, 1), ['after'])
})

async function cutAt (t: Test, transports: typeof TRANSPORTS[number], at: number, how: Cut, way: 'to client' | 'to server'): Promise<void> {
  const server = await startStomp(t)
  const proxy = await CuttingProxy.start(server.port, { at, how, way, counts: (request) => /websocket|xhr|eventsource/.test(request) })
  t.teardown(() => proxy.stop())
  const client = open(t, proxy.port, { transports: [transports], minDelay: 1, maxDelay: 2, timeout: 200 })
  const history = client.subscribe('/topic/history/a')
  const queue = client.subscribe('/queue/a')
  await history.ready
  await publish(server, '/topic/history/a', async (i) => { if (i < 10) await client.send('/queue/a', i).catch((error: { code: string }) => t.equal(error.code, 'STOMP_CLIENT_INTERRUPTED')) })
  t.strictSame(await take(history, COUNT), NUMBERS, `${at} octets ${way}, ${how}`)
  t.strictSame(client.events.gap.all, [])
  queue.unsubscribe()
}

t.test('cuts anywhere: each message of the history once, and in order', async (t) => {
  let turn = 0
  for (const transports of TRANSPORTS) {
    for (const way of ['to client', 'to server'] as const) {
      await t.test(`${transports}, ${way}`, async (t) => {
        for (let at = 1; at < 4000; at += 701) await t.test(`${at}`, (t) => cutAt(t, transports, at, CUTS[turn++ % CUTS.length]!, way))
      })
    }
  }
})

t.test('a history that has become too short: the gap has its place among the messages', async (t) => {
  const server = await startStomp(t, { stomp: { broker: memoryBroker({ history: [{ pattern: '/topic/**', messages: 2 }] }) } })
  const client = await connected(open(t, server.port, { minDelay: 50 }))
  const seen: unknown[] = []
  const loop = client.subscribe('/topic/a', { ongap: () => { seen.push('gap') } })
  const heard: unknown[] = []
  const listened = client.subscribe('/topic/a', { ongap: () => { heard.push('gap') } }, ({ body }) => { heard.push(body) })
  await Promise.all([loop.ready, listened.ready])
  await server.stomp.publish('/topic/a', 1)
  await until(() => heard.length === 1, 'the first message')
  cut(server)
  for (const i of [2, 3, 4]) await server.stomp.publish('/topic/a', i)
  await client.events.recovered.next('the recovery')
  await server.stomp.publish('/topic/a', 5)
  while (seen.length < 3) seen.push((await loop.next()).value?.body)
  t.strictSame(seen, [1, 'gap', 5])
  await until(() => heard.length === 3, 'all messages')
  t.strictSame(heard, [1, 'gap', 5])
  t.strictSame(client.events.gap.all.map(({ subscription }) => subscription === loop || subscription === listened), [true, true])
  cut(server)
  await server.stomp.publish('/topic/a', 6)
  await client.events.recovered.next('the recovery')
  t.strictSame(await take(loop, 1), [6])
  t.equal(client.events.gap.all.length, 2)
})

t.test('without a history every interruption is a gap, except for queues and answers', async (t) => {
  const server = await startStomp(t, { routes: (app) => app.stomp.subscribe('/rooms', () => ['lobby']) })
  const client = await connected(open(t, server.port, { minDelay: 50 }))
  const topic = client.subscribe('/topic/a')
  const queue = client.subscribe('/queue/a')
  const rooms = client.subscribe('/app/rooms')
  await Promise.all([topic.ready, queue.ready, rooms.ready])
  const waiting = topic.next()
  cut(server)
  await client.events.interrupted.next()
  t.equal(client.state, 'interrupted')
  await server.stomp.publish('/queue/a', 'kept')
  await client.events.recovered.next('the recovery')
  t.match(client.events.gap.all, [{ subscription: { id: topic.id, destination: '/topic/a' } }])
  await server.stomp.publish('/topic/a', 'next')
  t.equal((await waiting).value?.body, 'next')
  t.strictSame(await take(queue, 1), ['kept'])
  t.strictSame(await take(rooms, 2), [['lobby'], ['lobby']], 'the route answers each SUBSCRIBE')
})

t.test('what is done while there is no connection holds for the next one', async (t) => {
  const server = await startStomp(t)
  const client = await connected(open(t, server.port, { minDelay: 50 }))
  const [gone, kept] = [client.subscribe('/topic/gone'), client.subscribe('/topic/kept')]
  await Promise.all([gone.ready, kept.ready])
  cut(server)
  await client.events.interrupted.next()
  gone.unsubscribe()
  const late = client.subscribe('/topic/late')
  const sent = client.send('/topic/late', 'hello')
  const answer = client.request('/queue/none', 1, { timeout: 1 })
  await t.rejects(answer, { code: 'STOMP_CLIENT_TIMEOUT' })
  t.strictSame(await take(late, 1), ['hello'])
  await sent
  t.strictSame(server.stomp.subscriptions({}).map(({ destination }) => destination).sort(), ['/topic/kept', '/topic/late', '/user/queue/errors'])
  const questions = client.subscribe('/queue/none')
  await questions.ready
  await client.send('/queue/none', 2)
  t.strictSame(await take(questions, 1), [2], 'a question that has ended was not sent')
})

t.test('the address and the headers are asked for before each connection', async (t) => {
  const server = await startStomp(t, { routes: (app) => app.stomp.addHook('onConnect', ({ headers }, session) => { session.user = { name: headers.get('login')! } }) })
  const urls: string[] = []
  let logins = 0
  const client = watch(t, connectStomp(async () => {
    urls.push(`http://127.0.0.1:${server.port}/stomp?ticket=${urls.length}`)
    return urls.at(-1)!
  }, { headers: () => ({ login: `user ${++logins}` }), minDelay: 5, retry: ({ code }) => code !== 3005 }))
  await client.events.connected.next()
  t.ok(server.stomp.users.has('user 1'))
  cut(server)
  await client.events.recovered.next()
  t.ok(server.stomp.users.has('user 2'))
  server.stomp.close({ all: true }, 3005, 'enough')
  t.match(await client.events.closed.next(), { code: 3005, error: { code: 'STOMP_CLIENT_CLOSED', message: 'closed: 3005 enough' } })
  t.equal(urls.length, 2)
})
