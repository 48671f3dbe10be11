// The values of every instrument of the table. Each test notes the instruments that it has given a value, and the last one compares them with the table.
import t from 'tap'
import type { HistogramPoint, Metric, Session } from '../../src/index.ts'
import { memoryBroker, relayBroker } from '../../src/stomp.ts'
import { refusal } from '../../src/stomp/refusals.ts'
import { type InstrumentName, INSTRUMENTS } from '../../src/telemetry/instruments.ts'
import { bridge, P0, P1 } from '../bridge/kafka/support.ts'
import { buildStomp } from '../stomp/support.ts'
import { newClient, newId } from '../support/client.ts'
import { buildCluster, idle } from '../support/cluster.ts'
import { startFakeBroker } from '../support/fake-broker.ts'
import { ask } from '../support/http.ts'
import { readToken, TestLink } from '../support/resuming-client.ts'
import { buildServer } from '../support/server.ts'
import type { SocketTestClient } from '../support/socket-client.ts'
import { until } from '../support/wait.ts'
import { points } from './support.ts'

/** The instruments that have had a value other than zero. */
const fed = new Set<string>()

/** Reads an instrument, and notes whether it has a value. */
function read (metrics: readonly Metric[], name: InstrumentName): Record<string, unknown>[] {
  const values = points(metrics, name)
  if (values.some(({ value, count }) => ((value ?? count) as number) > 0)) fed.add(name)
  return values
}

/** The counts and the sums of a histogram. A sum is rounded to milliseconds. */
function times (metrics: readonly Metric[], name: InstrumentName): Record<string, unknown>[] {
  read(metrics, name)
  const { points, bounds } = metrics.find((metric) => metric.name === name)!
  return (points as readonly HistogramPoint[]).map(({ attributes, count, sum, buckets }) => {
    if (buckets.length !== bounds!.length + 1 || buckets.reduce((a, b) => a + b, 0) !== count) throw new Error(`the buckets of ${name} do not fit its count`)
    return { ...attributes, count, sum: Math.round(sum * 1000) / 1000 }
  })
}

t.test('sessions: of a poll and of a WebSocket', async (t) => {
  const server = await buildServer(t, { nodes: 1, plugin: { origins: ['https://a.example'] }, handler: idle })
  const metrics = (): readonly Metric[] => server.app.sockjs.metrics()
  const endpoint = { 'sockjs.endpoint': '/echo' }
  const poll = { ...endpoint, 'sockjs.transport': 'xhr-polling' }
  const socket = { ...endpoint, 'sockjs.transport': 'websocket' }
  await ask({ port: server.port, path: '/echo/000/evil/xhr', method: 'POST', headers: { origin: 'https://evil.example' } })
  t.strictSame(read(metrics(), 'sockjs.server.sessions.refused').filter(({ value }) => value !== 0), [{ ...endpoint, 'sockjs.refusal.reason': 'origin', value: 1 }])

  const polling = await newClient(server, 'xhr-polling', { comeBack: false }).open()
  const session = await server.session()
  await polling.ended
  await until(() => session.output.receiver === null, 'the poll is over')
  const ws = await newClient(server, 'websocket').open() as SocketTestClient
  const socketSession = await server.session()
  await ws.send('hé')
  await until(() => socketSession.counters.messagesIn === 1, 'the message')
  session.send('waits')
  t.strictSame(read(metrics(), 'sockjs.server.sessions.opened'), [{ ...poll, value: 1 }, { ...socket, value: 1 }])
  t.strictSame(read(metrics(), 'sockjs.server.active_sessions'), [{ ...poll, value: 1 }, { ...socket, value: 1 }])
  t.strictSame(read(metrics(), 'sockjs.server.detached_sessions'), [{ ...endpoint, value: 1 }])
  t.strictSame(read(metrics(), 'sockjs.server.buffered'), [{ ...endpoint, value: Buffer.byteLength('"waits"') }])
  t.strictSame(read(metrics(), 'sockjs.server.messages'), [
    { ...poll, 'network.io.direction': 'receive', value: 0 }, { ...poll, 'network.io.direction': 'transmit', value: 1 },
    { ...socket, 'network.io.direction': 'receive', value: 1 }, { ...socket, 'network.io.direction': 'transmit', value: 0 }
  ])
  t.strictSame(read(metrics(), 'sockjs.server.io').map(({ value }) => value), [0, Buffer.byteLength('"waits"'), Buffer.byteLength('["hé"]'), 0])
  server.clock.advance(5_100)
  t.strictSame(read(metrics(), 'sockjs.server.undelivered'), [{ ...endpoint, value: 1 }])
  t.strictSame(times(metrics(), 'sockjs.server.session.duration').map(({ sum, ...rest }) => rest), [{ ...poll, 'sockjs.close.code': 1002, 'sockjs.session.status': 'timeout', count: 1 }])
  server.clock.advance(20_000)
  await until(() => metrics().some(({ name }) => name === 'sockjs.server.ping.duration'), 'the answer to the ping')
  const [ping] = times(metrics(), 'sockjs.server.ping.duration') as [{ sum: number }]
  t.match(times(metrics(), 'sockjs.server.ping.duration'), [{ 'sockjs.transport': 'websocket', count: 1 }], 'polls have no ping and no point')
  t.ok(ping.sum >= 0 && ping.sum <= 0.2, `${ping.sum} s`)
})

t.test('a client that gets no WebSocket', async (t) => {
  const server = await buildServer(t, { nodes: 1, handler: idle })
  const fallbacks = (): unknown => read(server.app.sockjs.metrics(), 'sockjs.server.fallbacks').filter(({ value }) => value !== 0)
  const visit = (path: string, method = 'GET') => ask({ port: server.port, method, path: `/echo/${path}`, headers: { 'user-agent': 'a browser' } })
  await visit('info')
  t.strictSame(fallbacks(), [])
  await visit(`000/${newId()}/websocket`)
  await visit(`000/${newId()}/xhr`, 'POST')
  t.strictSame(fallbacks(), [
    { 'sockjs.endpoint': '/echo', 'sockjs.fallback.from': 'websocket', 'sockjs.fallback.to': 'xhr-polling', 'sockjs.fallback.reason': 'not_upgraded', value: 1 }
  ])
})

t.test('a session that is suspended, and resumed over another transport', async (t) => {
  const server = await buildServer(t, { nodes: 1, endpoint: { resume: true }, handler: idle })
  const metrics = (): readonly Metric[] => server.app.sockjs.metrics()
  const endpoint = { 'sockjs.endpoint': '/echo' }
  const open = (transport: 'websocket' | 'xhr-polling', resume: string): TestLink => {
    const link = TestLink.open(transport, { port: server.port, resume })
    server.own({ abort: () => link.cut() })
    return link
  }
  const socket = open('websocket', '1')
  await socket.next()
  const { token } = readToken(await socket.next())
  const session = await server.session()
  socket.cut()
  await until(() => session.suspended, 'the session is suspended')
  t.strictSame(read(metrics(), 'sockjs.server.suspended_sessions'), [{ ...endpoint, value: 1 }])
  t.strictSame(read(metrics(), 'sockjs.server.detached_sessions'), [{ ...endpoint, value: 1 }])
  const stranger = open('xhr-polling', 'AAECAwQFBgcICQoLDA0ODw.0')
  await until(() => stranger.ended, 'the refusal')
  const poll = open('xhr-polling', `${token}.0`)
  await poll.next()
  await poll.next()
  t.strictSame(read(metrics(), 'sockjs.server.suspended_sessions'), [{ ...endpoint, value: 0 }])
  t.strictSame(read(metrics(), 'sockjs.server.resumptions'), [
    { ...endpoint, 'sockjs.resumption.outcome': 'refused', value: 1 }, { ...endpoint, 'sockjs.resumption.outcome': 'resumed', value: 1 }
  ])
  t.strictSame(read(metrics(), 'sockjs.server.active_sessions'), [
    { ...endpoint, 'sockjs.transport': 'websocket', value: 0 }, { ...endpoint, 'sockjs.transport': 'xhr-polling', value: 1 }
  ])
  t.strictSame(read(metrics(), 'sockjs.server.sessions.opened'), [
    { ...endpoint, 'sockjs.transport': 'websocket', value: 1 }, { ...endpoint, 'sockjs.transport': 'xhr-polling', value: 0 }
  ])
  t.strictSame(read(metrics(), 'sockjs.server.suspensions'), [{ ...endpoint, 'sockjs.suspension.outcome': 'resumed', value: 1 }])
})

t.test('a session that is suspended and ends: its client does not come back, or the application does not wait', async (t) => {
  const server = await buildServer(t, { nodes: 1, endpoint: { resume: { within: 30_000 } }, handler: idle })
  const suspend = async (): Promise<Session> => {
    const link = TestLink.open('websocket', { port: server.port, resume: '1' })
    server.own({ abort: () => link.cut() })
    await link.next()
    readToken(await link.next())
    const session = await server.session()
    link.cut()
    await until(() => session.suspended, 'the session is suspended')
    return session
  }
  const outcomes = (): unknown => Object.fromEntries(read(server.app.sockjs.metrics(), 'sockjs.server.suspensions').map((point) => [point['sockjs.suspension.outcome'], point.value]))
  await suspend()
  server.clock.advance(30_100)
  t.strictSame(outcomes(), { expired: 1 })
  const session = await suspend()
  session.terminate()
  t.strictSame(outcomes(), { expired: 1, ended: 1 })
  t.strictSame(read(server.app.sockjs.metrics(), 'sockjs.server.suspended_sessions'), [{ 'sockjs.endpoint': '/echo', value: 0 }])
})

t.test('two nodes: the owner of a session, and the edge that carries it', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle })
  const [owner, edge] = [0, 1].map((node) => (): readonly Metric[] => cluster.nodes[node]!.app.sockjs.metrics()) as [() => readonly Metric[], () => readonly Metric[]]
  const roles = (atOwner: number, atEdge: number): object[] => [{ 'sockjs.cluster.role': 'owner', value: atOwner }, { 'sockjs.cluster.role': 'edge', value: atEdge }]
  const outcomes = (metrics: readonly Metric[]): unknown => Object.fromEntries(read(metrics, 'sockjs.cluster.claims').map((point) => [point['sockjs.cluster.outcome'], point.value]))
  for (const metrics of [owner, edge]) {
    t.strictSame(read(metrics(), 'sockjs.cluster.nodes'), [{ value: 1 }])
    t.strictSame(read(metrics(), 'sockjs.engine.available'), [{ 'messaging.system': 'memory', value: 1 }])
    t.strictSame(outcomes(metrics()), { own: 0, foreign: 0, none: 0, unanswered: 0 })
  }

  const { session, away } = await cluster.polling()
  t.strictSame([read(owner(), 'sockjs.cluster.legs'), read(edge(), 'sockjs.cluster.legs')], [roles(1, 0), roles(0, 1)])
  t.strictSame([outcomes(owner()), outcomes(edge())], [{ own: 1, foreign: 0, none: 0, unanswered: 0 }, { own: 0, foreign: 1, none: 0, unanswered: 0 }])

  session.pause()
  const sent = away.send('first')
  await until(() => session.held, 'the session holds its client back')
  await cluster.settle()
  t.strictSame([read(owner(), 'sockjs.cluster.held'), read(edge(), 'sockjs.cluster.held')], [roles(1, 0), roles(0, 1)])
  session.on('message', () => {})
  session.resume()
  t.equal((await sent).status, 204)
  t.strictSame([read(owner(), 'sockjs.cluster.held'), read(edge(), 'sockjs.cluster.held')], [roles(0, 0), roles(0, 0)])

  t.equal((await cluster.client(1, 'xhr-polling', { id: newId() }).send('to no session')).status, 404)
  t.strictSame(outcomes(edge()), { own: 0, foreign: 1, none: 1, unanswered: 0 })

  t.strictSame([read(owner(), 'sockjs.cluster.repeats'), read(edge(), 'sockjs.cluster.repeats')], [[{ value: 0 }], [{ value: 0 }]])
  cluster.hold((from, to) => from === 0 && to === 1)
  session.send('lost on its way')
  await until(() => cluster.held === 1, 'the batch is on its way')
  cluster.lose()
  cluster.release()
  await cluster.pass(1_250)
  t.strictSame(await away.messages(1), ['lost on its way'])
  t.strictSame([read(owner(), 'sockjs.cluster.repeats'), read(edge(), 'sockjs.cluster.repeats')], [[{ value: 1 }], [{ value: 0 }]])

  const memory = (operation: string): object => ({ 'messaging.system': 'memory', 'messaging.operation.name': operation })
  t.strictSame(times(owner(), 'messaging.client.operation.duration'), [{ ...memory('claim'), count: 1, sum: 0 }, { ...memory('locate'), count: 0, sum: 0 }])
  t.strictSame(times(edge(), 'messaging.client.operation.duration'), [{ ...memory('claim'), count: 1, sum: 0 }, { ...memory('locate'), count: 1, sum: 0 }])

  cluster.network.kill()
  t.strictSame(read(owner(), 'sockjs.engine.available'), [{ 'messaging.system': 'memory', value: 0 }])
  const unanswered = cluster.client(1, 'xhr-polling', { id: newId() }).send('nobody answers')
  await cluster.passUntil(unanswered)
  t.match(outcomes(edge()), { unanswered: 1 })
})

t.test('an external broker: its state, its connections, and the times of its answers', async (t) => {
  const fake = await startFakeBroker(t)
  const server = await buildStomp(t, { stomp: { broker: relayBroker({ servers: fake.url }) } })
  const metrics = (): readonly Metric[] => server.stomp.metrics()
  const state = (): unknown => read(metrics(), 'stomp.broker.state').filter(({ value }) => value === 1).map((point) => point['stomp.broker.state'])
  const connections = (): unknown => read(metrics(), 'stomp.broker.connections')
  const shared = (connections() as { value: number }[])[0]!.value
  t.equal(shared, fake.connections.all.length)
  t.strictSame(state(), ['available'])
  // The relay subscribes for itself, to the messages for users of other nodes.
  await until(() => JSON.stringify(metrics()).includes('"messaging.operation.name":"subscribe"'), 'the subscription of the relay is answered')
  const client = await server.connect()
  t.strictSame(connections(), [{ value: shared + 1 }])
  fake.manners = {
    frame (connection, frame) {
      if (!frame.headers.has('receipt')) return
      server.clock.advance(frame.command === 'SUBSCRIBE' ? 30 : 200)
      if (frame.headers.get('destination') === '/queue/forbidden') connection.send('ERROR', { message: 'access refused', 'receipt-id': frame.headers.get('receipt')! })
      else connection.receipt(frame)
    }
  }
  await client.subscribe('1', '/topic/a')
  await server.stomp.publish('/topic/a', 'x')
  await client.ok('SEND', { destination: '/queue/a' })
  client.frame('SEND', { destination: '/queue/forbidden', receipt: 'r' })
  await client.closed
  const at = (operation: string): object => ({ 'messaging.system': 'stomp', 'messaging.operation.name': operation, 'server.address': '127.0.0.1', 'server.port': fake.port })
  t.strictSame(times(metrics(), 'messaging.client.operation.duration'), [
    { ...at('subscribe'), count: 2, sum: 0.03 },
    { ...at('send'), count: 2, sum: 0.4 },
    { ...at('send'), 'error.type': 'STOMP_ACCESS_REFUSED', count: 1, sum: 0.2 }
  ])
  await until(() => (connections() as { value: number }[])[0]!.value === shared, 'the connection of the client is over')
  await fake.stop()
  await until(() => JSON.stringify(state()) === '["unavailable"]', 'the relay has seen the end of its broker')
})

t.test('Kafka: what the bridge has not read, and the partitions that wait', async (t) => {
  const world = await bridge(t, { in: [{ topic: 'orders', to: '/topic/all' }, { topic: 'quiet', to: '/topic/quiet' }] })
  const { kafka } = world
  const metrics = (): readonly Metric[] => world.app.stomp.metrics()
  const values = (orders: number): object[] => [{ 'messaging.destination.name': 'orders', value: orders }, { 'messaging.destination.name': 'quiet', value: 0 }]
  t.strictSame([read(metrics(), 'stomp.kafka.lag'), read(metrics(), 'stomp.kafka.paused')], [values(0), values(0)])
  world.gate = () => { throw refusal('STOMP_BROKER_UNAVAILABLE') }
  kafka.consumer.assign(P0, P1)
  kafka.give('orders', 0, { value: 'a' }, { value: 'b' })
  kafka.give('orders', 1, { value: 'c' })
  await until(() => kafka.consumer.paused.size === 2, 'both partitions wait')
  t.strictSame([read(metrics(), 'stomp.kafka.lag'), read(metrics(), 'stomp.kafka.paused')], [values(0), values(2)])
  await world.pass(10_100)
  t.strictSame(read(metrics(), 'stomp.kafka.lag'), values(3))
  world.gate = () => {}
  await world.pass(20_100)
  t.strictSame([read(metrics(), 'stomp.kafka.lag'), read(metrics(), 'stomp.kafka.paused')], [values(0), values(0)])
})

t.test('STOMP with an embedded broker', async (t) => {
  const broker = memoryBroker({ maxDeliveries: 1, history: [{ pattern: '/topic/h', messages: 2 }] })
  const server = await buildStomp(t, { stomp: { broker }, routes: (app) => app.stomp.message('/rooms/:room', () => { server.clock.advance(200) }) })
  const metrics = (): readonly Metric[] => server.stomp.metrics()
  const client = await server.connect()
  await client.subscribe('1', '/topic/a')
  t.strictSame(read(metrics(), 'stomp.server.sessions').filter(({ value }) => value !== 0), [{ 'stomp.version': '1.2', value: 1 }])
  t.strictSame(read(metrics(), 'stomp.server.subscriptions').filter(({ value }) => value !== 0), [{ 'stomp.subscription.kind': 'topic', value: 1 }])
  t.strictSame(read(metrics(), 'stomp.server.frames'), [{ 'network.io.direction': 'receive', value: 2 }, { 'network.io.direction': 'transmit', value: 2 }])
  await client.send('/app/rooms/7')
  t.strictSame(times(metrics(), 'messaging.process.duration'), [
    { 'messaging.system': 'stomp', 'messaging.operation.name': 'process', 'messaging.destination.template': '/app/rooms/:room', 'stomp.route.kind': 'message', count: 1, sum: 0.2 }
  ])
  await client.send('/topic/h', 'kept')
  await client.subscribe('h', '/topic/h', { 'x-recover': 'other:1' })
  t.strictSame(read(metrics(), 'stomp.server.recoveries'), [{ 'stomp.recovered': true, value: 0 }, { 'stomp.recovered': false, value: 1 }])
  t.equal(read(metrics(), 'stomp.broker.history.bytes').length, 1)
  await client.send('/queue/a', 'refused')
  t.strictSame(read(metrics(), 'stomp.broker.queue.messages'), [{ value: 1 }])
  t.equal(read(metrics(), 'stomp.broker.queue.bytes').length, 1)
  await client.subscribe('q', '/queue/a', { ack: 'client-individual' })
  for (;;) {
    const ack = (await client.message()).headers.get('ack')
    if (ack === undefined) continue
    await client.ok('NACK', { id: ack })
    break
  }
  t.strictSame(read(metrics(), 'stomp.broker.dead_letters').filter(({ value }) => value !== 0), [{ 'stomp.dead_letter.reason': 'delivery-limit', value: 1 }])
  client.frame('SEND', { destination: '/nowhere' })
  await client.closed
  t.strictSame(read(metrics(), 'stomp.server.errors'), [{ 'error.type': 'STOMP_UNKNOWN_DESTINATION', value: 1 }])
  t.strictSame(read(metrics(), 'stomp.server.sessions').filter(({ value }) => value !== 0), [])
})

t.test('every instrument of the table has had a value', async (t) => {
  t.strictSame(Object.keys(INSTRUMENTS).filter((name) => !fed.has(name)), [])
})
