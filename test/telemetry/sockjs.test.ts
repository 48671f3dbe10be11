import t, { type Test } from 'tap'
import type { HistogramPoint, Metric, Session } from '../../src/index.ts'
import { connect, HTTP, SOCKETS, TRANSPORTS } from '../support/client.ts'
import { contract } from '../support/contract.ts'
import { ask } from '../support/http.ts'
import { buildServer, type TestServer } from '../support/server.ts'
import { until } from '../support/wait.ts'
import type { SocketTestClient } from '../support/socket-client.ts'
import { points, pointsOf } from './support.ts'

const metrics = (server: TestServer): readonly Metric[] => server.app.sockjs.metrics()

contract('messages, bytes and sessions are counted once, on every transport', async (t, transport) => {
  const server = await buildServer(t, { nodes: 1 })
  const client = await connect(server, transport)
  const session = await server.session()
  await client.send('hello', 'é')
  t.strictSame(await client.messages(2), ['hello', 'é'])
  const at = { 'sockjs.endpoint': '/echo', 'sockjs.transport': transport }
  t.strictSame(pointsOf(metrics(server), 'sockjs.server.active_sessions', at), [1])
  t.strictSame(pointsOf(metrics(server), 'sockjs.server.messages', at), [2, 2], 'received, sent')
  const [received, sent] = pointsOf(metrics(server), 'sockjs.server.io', at)
  const raw = session.transportFacts.framing === 'none'
  t.equal(sent, raw ? 7 : 11, 'raw messages have their bytes, others the quotes too')
  t.ok(received! >= sent!, `${received} bytes came`)
  t.match(server.endpoint.stats(), { messages: { received: 2, sent: 2 }, bytes: { received, sent }, sessions: 1 })
  session.close(3456, 'over')
  await server.closing()
  t.strictSame(pointsOf(metrics(server), 'sockjs.server.active_sessions', at), [0])
  t.strictSame(points(metrics(server), 'sockjs.server.session.duration'), [
    { ...at, 'sockjs.close.code': 3456, 'sockjs.session.status': 'normal_closure', count: 1 }
  ])
  t.match(server.endpoint.stats(), { sessions: 0, opened: 1, closed: { normal_closure: 1 } })
})

contract('a session is detached between two responses, and its life ends by the clock', async (t, transport) => {
  const server = await buildServer(t, { nodes: 1, endpoint: { responseLimit: 1 }, handler: () => {} })
  const client = await connect(server, transport, { comeBack: false })
  const session = await server.session()
  await client.ended
  await until(() => session.output.receiver === null && session.bufferedBytes === 0, 'the response has left')
  t.strictSame(pointsOf(metrics(server), 'sockjs.server.detached_sessions'), [1])
  session.send('lost')
  t.strictSame(pointsOf(metrics(server), 'sockjs.server.buffered'), [6])
  server.clock.advance(5_100)
  t.match(await server.closing(), { reason: 'Connection timed out' })
  t.strictSame(pointsOf(metrics(server), 'sockjs.server.detached_sessions'), [0])
  t.strictSame(pointsOf(metrics(server), 'sockjs.server.undelivered'), [1])
  const [life] = metrics(server).find(({ name }) => name === 'sockjs.server.session.duration')!.points as HistogramPoint[]
  t.match(life, { attributes: { 'sockjs.close.code': 1002, 'sockjs.session.status': 'timeout' }, count: 1 })
  t.ok(life!.sum >= 5 && life!.sum <= 5.1, `${life!.sum} s`)
}, HTTP)

contract('a client that closes with a code of its own adds no attribute', async (t, transport) => {
  const server = await buildServer(t, { nodes: 1 })
  for (const code of [4001, 4002, 4999, 1000]) {
    const client = await connect(server, transport) as SocketTestClient
    client.ws.close(code)
    t.match(await server.closing(), { code })
  }
  t.strictSame(points(metrics(server), 'sockjs.server.session.duration').map((point) => [point['sockjs.close.code'], point.count]), [['other', 3], [1000, 1]])
}, SOCKETS)

t.test('the time of a ping is counted when its answer comes, and only then', async (t) => {
  const server = await buildServer(t, { nodes: 1, handler: () => {} })
  const client = await connect(server, 'websocket') as SocketTestClient
  const session = await server.session()
  const pings = (): unknown => metrics(server).filter(({ name }) => name === 'sockjs.server.ping.duration').flatMap(({ points }) => points.map((point) => (point as HistogramPoint).count))
  client.ws.pong()
  await client.send('x')
  await until(() => session.counters.messagesIn === 1, 'the message behind the pong')
  t.strictSame(pings(), [], 'the server had not asked')
  server.clock.advance(25_100)
  await until(() => JSON.stringify(pings()) === '[1]', 'the answer')
})

t.test('requests that get no session are counted by reason', async (t) => {
  const server = await buildServer(t, {
    nodes: 1,
    plugin: { maxSessions: 1, origins: ['https://a.example'] },
    endpoint: { allowedHosts: ['127.0.0.1', 'b.example'], session: (request) => { if (request.headers['x-user'] === 'evil') throw new Error('no') } },
    handler: () => {}
  })
  const open = async (id: string, headers: Record<string, string> = {}): Promise<number> => (await ask({ port: server.port, path: `/echo/000/${id}/xhr`, method: 'POST', headers })).status
  t.equal(await open('user', { 'x-user': 'evil' }), 500)
  t.equal(await open('first'), 200)
  t.equal(await open('second'), 503)
  t.equal(await open('third', { origin: 'https://evil.example' }), 403)
  t.equal(await open('fourth', { host: 'evil.example' }), 403)
  const { refused } = server.endpoint.stats()
  t.strictSame(Object.entries(refused).filter(([, count]) => count > 0), [['max_sessions', 1], ['origin', 1], ['host', 1], ['user', 1]])
  t.strictSame(pointsOf(metrics(server), 'sockjs.server.sessions.refused', { 'sockjs.endpoint': '/echo' }), Object.values(refused))
})

t.test('every transport has its own points, and an application that sends nothing costs none', async (t: Test) => {
  const server = await buildServer(t, { nodes: 1, handler: () => {} })
  t.strictSame(points(metrics(server), 'sockjs.server.active_sessions'), [])
  const sessions: Session[] = []
  for (const transport of TRANSPORTS) {
    await connect(server, transport)
    sessions.push(await server.session())
  }
  t.strictSame(points(metrics(server), 'sockjs.server.active_sessions').map((point) => point['sockjs.transport']), [...TRANSPORTS])
})
