import t, { type Test } from 'tap'
import { type Cut, CUTS, CuttingProxy } from '../../support/cutting-proxy.ts'
import { until, within } from '../../support/wait.ts'
import { open, startStomp, take, TRANSPORTS } from './support.ts'

const NUMBERS = Array.from({ length: 40 }, (_, i) => i)

/** A session whose connection is cut once, in the middle of messages both ways. */
async function cutAt (t: Test, transports: typeof TRANSPORTS[number], at: number, how: Cut, way: 'to client' | 'to server'): Promise<void> {
  const server = await startStomp(t, { stomp: { endpoint: { resume: { within: 60_000 } } }, routes: (app) => app.stomp.message('/echo', ({ body }) => body) })
  // The first octets belong to the beginning of the session, which cannot be resumed yet.
  const proxy = await CuttingProxy.start(server.port, { at, how, way, counts: (request) => request.includes('SUBSCRIBE') })
  t.teardown(() => proxy.stop())
  const client = open(t, proxy.port, { transports, minDelay: 1, maxDelay: 2 })
  // The topic has no history.
  const topic = client.subscribe('/topic/a')
  await topic.ready
  const sent = NUMBERS.map((i) => client.send('/topic/a', i))
  const answers = NUMBERS.map((i) => client.request('/app/echo', i))
  t.strictSame(await Promise.all(answers), NUMBERS)
  await Promise.all(sent)
  t.strictSame(await take(topic, NUMBERS.length), NUMBERS, `${at} octets ${way}, ${how}`)
  t.strictSame([client.events.interrupted.all, client.events.gap.all, client.events.connected.all.length], [[], [], 1])
}

t.test('a resumed session: subscriptions, receipts and questions go on, and nothing is lost or comes twice', async (t) => {
  let turn = 0
  for (const transports of TRANSPORTS) {
    for (const way of ['to client', 'to server'] as const) {
      await t.test(`${transports}, ${way}`, async (t) => {
        for (const at of [600, 1700, 3100]) await t.test(`${at}`, (t) => cutAt(t, transports, at, CUTS[turn++ % CUTS.length]!, way))
      })
    }
  }
})

t.test('a connection that is dead without a sign: the silence of the server is noticed, and the session resumed', async (t) => {
  // The clock of this server stands still, so that it sends no heart-beats.
  const server = await startStomp(t, { stomp: { endpoint: { resume: { within: 60_000 } } } })
  const client = open(t, server.port, { heartBeat: [0, 1000], transports: 'websocket' })
  const topic = client.subscribe('/topic/a')
  await topic.ready
  const [session] = server.stomp.sessions
  const { id } = session!
  const resumed = new Promise<void>((resolve) => { session!.stream.on('resume', resolve) })
  await within(resumed, 'the resumption')
  await server.stomp.publish('/topic/a', 'hello')
  t.strictSame(await take(topic, 1), ['hello'])
  t.strictSame([client.events.interrupted.all.length, [...server.stomp.sessions].map((session) => session.id)], [0, [id]])
})

t.test('a session that cannot be resumed: another one, with all subscriptions', async (t) => {
  const server = await startStomp(t, { stomp: { endpoint: { resume: { within: 60_000 } } } })
  const client = open(t, server.port, { transports: 'websocket' })
  const history = client.subscribe('/topic/history/a')
  await history.ready
  await server.stomp.publish('/topic/history/a', 1)
  server.stomp.close({ all: true }, 3001, 'cut')
  await until(() => client.state === 'interrupted', 'the interruption')
  await server.stomp.publish('/topic/history/a', 2)
  t.strictSame(await take(history, 2), [1, 2])
  t.strictSame(client.events.gap.all, [])
})
