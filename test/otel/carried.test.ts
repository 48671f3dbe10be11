import { W3CTraceContextPropagator } from '@opentelemetry/core'
import t from 'tap'
import sockjsOtel from '../../src/otel.ts'
import { relayBroker } from '../../src/stomp.ts'
import { bridge, P0 } from '../bridge/kafka/support.ts'
import { StompNodes } from '../stomp/nodes.ts'
import { buildStomp } from '../stomp/support.ts'
import { startFakeBroker } from '../support/fake-broker.ts'
import { until } from '../support/wait.ts'
import { headerOf, SpanStore, TRACE, TRACEPARENT } from './support.ts'

const otel = (store: SpanStore) => ({ tracerProvider: store.provider, propagator: new W3CTraceContextPropagator() })

t.test('a trace goes through the engine to the clients of another node', async (t) => {
  const store = new SpanStore()
  const nodes = await StompNodes.start(t, 2, {
    async routes (app) {
      await app.register(sockjsOtel, otel(store))
      app.stomp.message('/m', { sendTo: ['/topic/m', '/queue/m'], sendToUser: '/queue/own' }, () => 'x')
    }
  })
  const [a, b] = nodes.servers
  const sender = await a!.connect({ user: { name: 'kim' } })
  const receiver = await b!.connect({ user: { name: 'kim' } })
  await receiver.subscribe('t', '/topic/m')
  await receiver.subscribe('q', '/queue/m')
  await receiver.subscribe('u', '/user/queue/own')
  await nodes.settle()
  sender.frame('SEND', { destination: '/app/m', traceparent: TRACEPARENT, tracestate: 'v=1' }, '{}')
  const got = await nodes.passUntil(Promise.all([receiver.message(), receiver.message(), receiver.message()]))
  const span = store.find('process /app/m')
  t.equal(span.spanContext().traceId, TRACE)
  t.same(got.map(({ headers }) => headers.get('subscription')).sort(), ['q', 't', 'u'])
  for (const { headers } of got) t.same([headers.get('traceparent'), headers.get('tracestate')], [headerOf(span), 'v=1'], headers.get('subscription')!)
})

t.test('a trace goes with the SEND of the relay, and with the MESSAGE that comes back', async (t) => {
  const store = new SpanStore()
  const fake = await startFakeBroker(t)
  const server = await buildStomp(t, {
    stomp: { broker: relayBroker({ servers: fake.url }) },
    async routes (app) {
      await app.register(sockjsOtel, otel(store))
      app.stomp.message('/m', { sendTo: '/topic/m' }, () => 'x')
    }
  })
  const system = await fake.connections.next('the system connection')
  const client = await server.connect()
  client.frame('SEND', { destination: '/app/m', traceparent: TRACEPARENT }, '{}')
  const sent = await system.next('SEND')
  await until(() => store.names.includes('process /app/m'), 'the span')
  t.equal(sent.headers.get('traceparent'), headerOf(store.find('process /app/m')))
  // A SEND to the broker itself goes over the connection of the client, as it came.
  const link = await fake.connections.next('the connection of the client')
  client.frame('SEND', { destination: '/topic/m', traceparent: TRACEPARENT }, 'x')
  t.equal((await link.next('SEND')).headers.get('traceparent'), TRACEPARENT)
})

t.test('a trace goes to Kafka in the headers of records, and comes back from them', async (t) => {
  const store = new SpanStore()
  const world = await bridge(t, {
    in: [{ topic: 'orders', to: '/topic/orders' }],
    out: [{ from: '/topic/audit/**', topic: 'audit' }],
    async routes (app) {
      await app.register(sockjsOtel, otel(store))
      app.stomp.message('/act', { sendTo: '/topic/audit/act' }, () => 'x')
    }
  })
  const client = await world.connect()
  await client.send('/app/act', '{}', { traceparent: TRACEPARENT, tracestate: 'v=1' })
  await client.send('/topic/audit/direct', 'x', { traceparent: TRACEPARENT })
  await until(() => world.kafka.produced.length === 2, 'two records')
  t.match(world.kafka.headersOf(0), { traceparent: headerOf(store.find('process /app/act')), tracestate: 'v=1' })
  t.match(world.kafka.headersOf(1), { traceparent: TRACEPARENT })
  await client.subscribe('o', '/topic/orders')
  world.kafka.consumer.assign(P0)
  world.kafka.give('orders', 0, { value: 'x', headers: [['traceparent', TRACEPARENT], ['tracestate', 'v=1']] }, { value: 'x' })
  const [first, second] = [await client.message(), await client.message()]
  t.same([first.headers.get('traceparent'), first.headers.get('tracestate')], [TRACEPARENT, 'v=1'])
  t.notOk(second.headers.has('traceparent'), 'none is invented')
})
