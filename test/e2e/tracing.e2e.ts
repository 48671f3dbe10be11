import { context, propagation, ROOT_CONTEXT, SpanKind, trace, type Tracer } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import Fastify, { type FastifyInstance } from 'fastify'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import sockjs from '../../src/index.ts'
import sockjsOtel from '../../src/otel.ts'
import stomp, { rabbitmq, relayBroker } from '../../src/stomp.ts'
import { stompjs } from '../stomp/libraries.ts'
import { type OtlpPoint, OtlpReceiver } from '../support/otlp-receiver.ts'
import { until, within } from '../support/wait.ts'
import { startRabbitMq } from './brokers/rabbitmq.ts'

// One trace from a page to another, over polling, a route, RabbitMQ and a WebSocket. All three parties export by OTLP, as programs do.
const PATIENCE = 60_000

/** The tracer provider of one party, with the exporter of the SDK. */
function providerOf (t: Test, service: string, receiver: OtlpReceiver): BasicTracerProvider {
  const processor = new BatchSpanProcessor(new OTLPTraceExporter({ url: `${receiver.url}/v1/traces` }), { scheduledDelayMillis: 50 })
  const provider = new BasicTracerProvider({ resource: resourceFromAttributes({ 'service.name': service }), spanProcessors: [processor] })
  t.teardown(() => provider.shutdown())
  return provider
}

/** Makes the headers that carry a new span of a page. */
function headersOfSpan (tracer: Tracer, name: string): Record<string, string> {
  const span = tracer.startSpan(name, { kind: SpanKind.PRODUCER })
  const headers: Record<string, string> = {}
  propagation.inject(trace.setSpan(ROOT_CONTEXT, span), headers)
  span.end()
  return headers
}

/** Makes a span for a MESSAGE that a page has got. */
function receiveSpan (tracer: Tracer, headers: Record<string, string>): void {
  tracer.startSpan('page receives', { kind: SpanKind.CONSUMER }, propagation.extract(ROOT_CONTEXT, headers)).end()
}

async function serve (t: Test, relay: string, tracerProvider: BasicTracerProvider, meterProvider: MeterProvider | false = false): Promise<FastifyInstance> {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(sockjs, { origins: '*' })
  await app.register(stomp, { path: '/stomp', broker: relayBroker({ servers: relay, dialect: rabbitmq() }) })
  await app.register(sockjsOtel, { tracerProvider, meterProvider })
  app.stomp.message('/rooms/:room', { sendTo: '/topic/rooms/:room' }, ({ body }) => body)
  await app.listen({ port: 0, host: '127.0.0.1' })
  await until(() => app.stomp.broker.state === 'available', 'the broker is available', PATIENCE)
  return app
}

t.test('one trace: a page that polls, a route, RabbitMQ through the relay, and another page at another server', { timeout: 240_000 }, async (t) => {
  const receiver = await OtlpReceiver.start(t)
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  t.teardown(() => { propagation.disable(); context.disable() })
  const broker = await startRabbitMq()
  t.teardown(() => broker.stop())
  const relay = `tcp://127.0.0.1:${broker.port}`
  const reader = new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter({ url: `${receiver.url}/v1/metrics` }), exportIntervalMillis: 3_600_000 })
  const meters = new MeterProvider({ readers: [reader] })
  t.teardown(() => meters.shutdown())
  const [here, there] = [await serve(t, relay, providerOf(t, 'here', receiver), meters), await serve(t, relay, providerOf(t, 'there', receiver))]
  const portOf = ({ server }: FastifyInstance): number => (server.address() as AddressInfo).port
  const [alice, bob] = [stompjs({ sockjs: 'xhr-polling' }, { port: portOf(here), tcpPort: 0 }), stompjs({}, { port: portOf(there), tcpPort: 0 })]
  await within(Promise.all([alice.connected, bob.connected]), 'both are connected', PATIENCE)
  t.equal([...here.sockjs.endpoints.get('/stomp')!.sessions][0]!.transport, 'xhr-polling')
  const confirmed = bob.receipt('subscribed')
  const { messages } = bob.subscribe('/topic/rooms/1', { receipt: 'subscribed' })
  await within(confirmed, 'the subscription', PATIENCE)

  const [alicesTracer, bobsTracer] = ['alice', 'bob'].map((name) => providerOf(t, name, receiver).getTracer('page'))
  const headers = headersOfSpan(alicesTracer!, 'page sends')
  alice.send('/app/rooms/1', JSON.stringify('hello'), headers)
  const message = await messages.next('the message')
  t.equal(message.text, 'hello')
  receiveSpan(bobsTracer!, message.headers)

  const traceId = headers['traceparent']!.split('-')[1]!
  const spans = () => receiver.spans.filter((span) => span.traceId === traceId)
  await until(() => spans().length >= 3, 'all spans have been exported', PATIENCE)
  const [sends, process, receives] = ['page sends', 'process /app/rooms/:room', 'page receives'].map((name) => spans().find((span) => span.name === name)!)
  t.same(spans().map(({ service, name }) => [service, name]).sort(), [['alice', 'page sends'], ['bob', 'page receives'], ['here', 'process /app/rooms/:room']])
  t.same([sends!.parentSpanId, process!.parentSpanId, receives!.parentSpanId], ['', sends!.spanId, process!.spanId], 'each is the child of the one before')
  t.match(process, {
    scope: 'fastify-sockjs',
    kind: 5,
    attributes: { 'messaging.system': 'stomp', 'messaging.operation.type': 'process', 'messaging.destination.template': '/app/rooms/:room' }
  })
  t.same(receiver.spans.filter(({ name }) => name === 'connect').map(({ service, kind }) => [service, kind]).sort(), [['here', 2], ['there', 2]])

  await meters.forceFlush()
  const point = (name: string): OtlpPoint => receiver.metrics.get(name)!.points[0]!
  t.match(receiver.metrics.get('sockjs.server.active_sessions'), { kind: 'sum', isMonotonic: false, unit: '{session}' })
  t.equal(Number(point('sockjs.server.active_sessions').asInt), 1)
  t.match(point('sockjs.server.active_sessions'), { attributes: { 'sockjs.endpoint': '/stomp', 'sockjs.transport': 'xhr-polling' } })
  t.match(receiver.metrics.get('messaging.process.duration'), { kind: 'histogram', unit: 's' })
  t.equal(Number(point('messaging.process.duration').count), 1)
  t.match(point('messaging.process.duration'), { attributes: { 'messaging.system': 'stomp', 'messaging.destination.template': '/app/rooms/:room' } })
  await Promise.all([alice.disconnect(), bob.disconnect()])
})
