import { test } from 'tap'
import { memoryBroker } from '../../src/stomp.ts'
import { buildStomp, type StompTestServer } from '../stomp/support.ts'
import { points, pointsOf } from './support.ts'

const read = (server: StompTestServer, name: string): Record<string, unknown>[] => points(server.stomp.metrics(), name)

test('sessions by version, subscriptions by kind, frames by direction', async (t) => {
  const server = await buildStomp(t, { routes: (app) => app.stomp.subscribe('/rooms', () => undefined) })
  const client = await server.connect({ version: '1.1' })
  await server.connect({ version: '1.2', user: { name: 'kim' } })
  t.strictSame(read(server, 'stomp.server.sessions'), [
    { 'stomp.version': '1.0', value: 0 }, { 'stomp.version': '1.1', value: 1 }, { 'stomp.version': '1.2', value: 1 }
  ])
  const before = pointsOf(server.stomp.metrics(), 'stomp.server.frames')
  for (const [id, destination] of ['/topic/a', '/topic/b', '/queue/a', '/user/queue/a', '/app/rooms'].entries()) await client.subscribe(String(id), destination)
  t.strictSame(read(server, 'stomp.server.subscriptions'), [
    { 'stomp.subscription.kind': 'topic', value: 2 }, { 'stomp.subscription.kind': 'queue', value: 1 },
    { 'stomp.subscription.kind': 'user', value: 1 }, { 'stomp.subscription.kind': 'app', value: 1 }
  ])
  await server.stomp.publish('/topic/a', 'x')
  await client.message()
  const after = pointsOf(server.stomp.metrics(), 'stomp.server.frames')
  t.strictSame(after.map((count, at) => count - before[at]!), [5, 6], 'five SUBSCRIBE; five RECEIPT and a MESSAGE')
})

test('errors by their code, and never by a text of a client', async (t) => {
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.message('/fail/:how', ({ params: { how } }) => { throw Object.assign(new Error('no'), { statusCode: 400, code: how }) })
    }
  })
  for (const code of ['OUR_CODE', 'OUR_CODE', 'evil <b>', 'x'.repeat(200)]) {
    const client = await server.connect()
    await client.subscribe('e', '/user/queue/errors')
    await client.send(`/app/fail/${encodeURIComponent(code)}`)
  }
  const client = await server.connect()
  client.frame('SEND', { destination: '/nowhere' })
  await client.closed
  t.strictSame(read(server, 'stomp.server.errors'), [
    { 'error.type': 'OUR_CODE', value: 2 }, { 'error.type': '_OTHER', value: 2 }, { 'error.type': 'STOMP_UNKNOWN_DESTINATION', value: 1 }
  ])
})

test('the routes of the application: one template each, with the time of the clock', async (t) => {
  const server: StompTestServer = await buildStomp(t, {
    routes (app) {
      app.stomp.message('/rooms/:room', ({ params: { room } }) => {
        server.clock.advance(200)
        if (room === 'full') throw Object.assign(new Error('full'), { statusCode: 409, code: 'ROOM_FULL' })
      })
      app.stomp.subscribe('/rooms/:room', () => { server.clock.advance(50) })
    }
  })
  const client = await server.connect()
  await client.subscribe('e', '/user/queue/errors')
  for (const room of ['1', '2', 'full']) await client.send(`/app/rooms/${room}`)
  await client.subscribe('r', '/app/rooms/7')
  const of = (kind: string): object => ({ 'messaging.system': 'stomp', 'messaging.operation.name': 'process', 'messaging.destination.template': '/app/rooms/:room', 'stomp.route.kind': kind })
  const metric = server.stomp.metrics().find(({ name }) => name === 'messaging.process.duration')!
  t.strictSame(metric.points.map((point) => ({ ...point.attributes, ...('sum' in point ? { count: point.count, sum: point.sum } : {}) })), [
    { ...of('message'), count: 2, sum: 0.4 },
    { ...of('subscribe'), count: 1, sum: 0.05 },
    { ...of('message'), 'error.type': 'ROOM_FULL', count: 1, sum: 0.2 }
  ])
})

test('recoveries, and the state of the broker', async (t) => {
  const server = await buildStomp(t, { stomp: { broker: memoryBroker({ history: [{ pattern: '/topic/h', messages: 2 }] }) } })
  for (const text of ['a', 'b', 'c']) await server.stomp.publish('/topic/h', text)
  const client = await server.connect()
  const answer = await client.ask('SUBSCRIBE', { id: '1', destination: '/topic/h' })
  const [epoch] = answer.headers.get('x-position')!.split(':')
  await client.subscribe('2', '/topic/h', { 'x-recover': `${epoch}:2` })
  await client.subscribe('3', '/topic/h', { 'x-recover': `${epoch}:0` })
  t.strictSame(read(server, 'stomp.server.recoveries'), [{ 'stomp.recovered': true, value: 1 }, { 'stomp.recovered': false, value: 1 }])
  const state = (): unknown => read(server, 'stomp.broker.state').filter(({ value }) => value === 1)
  t.strictSame(state(), [{ 'stomp.broker.state': 'available', value: 1 }])
  await server.broker.stop()
  t.strictSame(state(), [{ 'stomp.broker.state': 'unavailable', value: 1 }])
})

test('queues, dead letters and histories of the embedded broker', async (t) => {
  const server = await buildStomp(t, { stomp: { broker: memoryBroker({ maxDeliveries: 1, history: [{ pattern: '/topic/h', messages: 2 }] }) } })
  const value = (name: string): number | undefined => pointsOf(server.stomp.metrics(), name)[0]
  const client = await server.connect()
  for (const queue of ['a', 'b']) await client.send(`/queue/${queue}`, 'waits')
  await client.send('/topic/h', 'kept')
  t.equal(value('stomp.broker.queue.messages'), 2)
  t.ok(value('stomp.broker.queue.bytes')! > 2 * 'waits'.length)
  t.ok(value('stomp.broker.history.bytes')! >= 'kept'.length)
  await client.subscribe('1', '/queue/a', { ack: 'client-individual' })
  const message = await client.message()
  await client.ok('NACK', { id: message.headers.get('ack')! })
  t.strictSame(read(server, 'stomp.broker.dead_letters'), [
    { 'stomp.dead_letter.reason': 'delivery-limit', value: 1 }, { 'stomp.dead_letter.reason': 'expired', value: 0 }
  ])
  t.equal(value('stomp.broker.queue.messages'), 2, 'the letter and the other queue')
})
