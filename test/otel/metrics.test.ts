import type { Attributes } from '@opentelemetry/api'
import { AggregationTemporality, DataPointType, InMemoryMetricExporter, MeterProvider, type MetricData, MetricReader } from '@opentelemetry/sdk-metrics'
import t, { type Test } from 'tap'
import sockjs, { type Metric } from '../../src/index.ts'
import sockjsOtel, { type SockjsOtelOptions } from '../../src/otel.ts'
import { INSTRUMENTS } from '../../src/telemetry/instruments.ts'
import { SOCKJS_REPORTS } from '../../src/telemetry/reports.ts'
import type { Telemetry } from '../../src/telemetry/telemetry.ts'
import { buildStomp, type StompTestServer } from '../stomp/support.ts'
import { until } from '../support/wait.ts'
import { SpanStore, traced } from './support.ts'

/** Reads the metrics when a test asks. */
class Reader extends MetricReader {
  protected async onShutdown (): Promise<void> {}
  protected async onForceFlush (): Promise<void> {}

  async read (): Promise<MetricData[]> {
    const { resourceMetrics, errors } = await this.collect()
    if (errors.length > 0) throw new AggregateError(errors)
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)
  }
}

interface World { readonly server: StompTestServer, readonly reader: Reader, readonly provider: MeterProvider }

async function metered (t: Test, otel: SockjsOtelOptions = {}): Promise<World> {
  const reader = new Reader()
  const provider = new MeterProvider({ readers: [reader] })
  const server = await buildStomp(t, {
    async routes (app) {
      await app.register(sockjsOtel, { meterProvider: provider, tracerProvider: false, ...otel })
      app.stomp.message('/ok/:id', { sendToSender: '/queue/ok' }, () => 'x')
      app.stomp.message('/fails', () => { throw Object.assign(new Error('no'), { code: 'E_NO', statusCode: 409 }) })
    }
  })
  return { server, reader, provider }
}

const sorted = (points: readonly { attributes: Attributes }[]): string[] => points.map((point) => JSON.stringify(Object.entries(point).sort())).sort()

/** The points of metrics of this package, in the form that those of OpenTelemetry get below. */
function pointsOf ({ points }: Metric): string[] {
  return sorted(points.map((point) => 'buckets' in point ? { attributes: point.attributes, count: point.count, buckets: [...point.buckets] } : { attributes: point.attributes, value: point.value }))
}

function otelPointsOf (data: MetricData): string[] {
  return sorted(data.dataPointType === DataPointType.HISTOGRAM
    ? data.dataPoints.map(({ attributes, value }) => ({ attributes, count: value.count, buckets: value.buckets.counts }))
    : data.dataPoints.map(({ attributes, value }) => ({ attributes, value: value as number })))
}

t.test('OpenTelemetry gets every metric of the package, with the same names, units and values', async (t) => {
  const { server, reader } = await metered(t)
  const client = await server.connect()
  await client.subscribe('e', '/user/queue/errors')
  await client.send('/app/ok/1', '{}')
  await client.send('/app/fails', '{}')
  await client.json()
  server.clock.advance(1000)
  const closing = await server.connect()
  await closing.ok('DISCONNECT')
  await closing.closed
  await until(() => server.stomp.sessions.size === 1, 'one session is left')
  const seen = new Map((await reader.read()).map((data) => [data.descriptor.name, data]))
  const own = [...server.app.sockjs.metrics(), ...server.stomp.metrics()].filter(({ points }) => points.length > 0 && points.some((point) => !('count' in point) || point.count > 0))
  t.ok(own.length > 15)
  for (const metric of own) {
    const data = seen.get(metric.name)
    if (data === undefined) return t.fail(`${metric.name} is there`)
    t.match(data.descriptor, { unit: metric.unit, description: metric.description }, metric.name)
    t.same(otelPointsOf(data), pointsOf({ ...metric, points: metric.points.filter((point) => !('count' in point) || point.count > 0) }), metric.name)
  }
  const kinds = Object.fromEntries([...seen].map(([name, { descriptor, dataPointType }]) => [name, [dataPointType, 'isMonotonic' in seen.get(name)! && (seen.get(name) as { isMonotonic: boolean }).isMonotonic, descriptor.name === name]]))
  t.same(kinds['sockjs.server.active_sessions'], [DataPointType.SUM, false, true], 'an upDownCounter')
  t.same(kinds['sockjs.server.messages'], [DataPointType.SUM, true, true], 'a counter')
  t.same(kinds['stomp.broker.state'], [DataPointType.GAUGE, false, true], 'a gauge')
  const duration = seen.get('messaging.process.duration')!
  t.same((duration.dataPoints[0]!.value as { buckets: { boundaries: number[] } }).buckets.boundaries, INSTRUMENTS['messaging.process.duration'].bounds, 'the buckets are those of the table')
  t.ok(duration.dataPoints.some(({ attributes }) => attributes['error.type'] === 'E_NO' && attributes['messaging.destination.template'] === '/app/fails'))
})

t.test('without STOMP there are the metrics of SockJS, and without providers nothing is recorded', async (t) => {
  const { default: Fastify } = await import('fastify')
  const reader = new Reader()
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(sockjs)
  await app.register(sockjsOtel, { meterProvider: new MeterProvider({ readers: [reader] }) })
  app.sockjs('/echo', () => {})
  await app.ready()
  const names = (await reader.read()).map(({ descriptor }) => descriptor.name)
  t.ok(names.includes('sockjs.server.detached_sessions'))
  t.notOk(names.some((name) => name.startsWith('stomp.')))
  const off = await metered(t, { meterProvider: false })
  t.equal(telemetryOf(off.server).listener, null)
  await off.server.connect()
})

const telemetryOf = ({ app }: StompTestServer): Telemetry => (app as unknown as { [SOCKJS_REPORTS]: { telemetry: Telemetry } })[SOCKJS_REPORTS].telemetry

t.test('an end of the application ends the metrics: no callback and no listener is left', async (t) => {
  const { server, reader } = await metered(t)
  await server.connect()
  t.ok((await reader.read()).length > 0)
  const telemetry = telemetryOf(server)
  t.ok(telemetry.listener)
  const ticking = setInterval(() => server.clock.advance(50), 1)
  await server.app.close().finally(() => clearInterval(ticking))
  t.equal(telemetry.listener, null)
  let reads = 0
  const metrics = telemetry.metrics.bind(telemetry)
  telemetry.metrics = () => { reads++; return metrics() }
  await reader.read()
  t.equal(reads, 0, 'OpenTelemetry does not ask any more')
})

t.test('instruments that throw, and exporters that throw or hang, reach neither the clients nor the end of the application', async (t) => {
  const fail = (): never => { throw new Error('broken') }
  const good = new MeterProvider({ readers: [new Reader()] }).getMeter('x')
  const meter = (changes: object) => ({ getMeter: () => Object.assign(Object.create(good) as typeof good, changes) })
  const cases: Record<string, SockjsOtelOptions> = {
    'getMeter throws': { meterProvider: { getMeter: fail } },
    'the making of instruments throws': { meterProvider: meter({ createHistogram: fail, createObservableCounter: fail, createObservableGauge: fail, createObservableUpDownCounter: fail }) },
    'record throws': { meterProvider: meter({ createHistogram: () => ({ record: fail }) }) },
    'callbacks cannot be added or removed': { meterProvider: meter({ addBatchObservableCallback: fail, removeBatchObservableCallback: fail }) }
  }
  for (const [name, otel] of Object.entries(cases)) {
    const { server } = await metered(t, otel)
    const client = await server.connect()
    await client.subscribe('ok', '/user/queue/ok')
    for (let i = 0; i < 3; i++) {
      client.frame('SEND', { destination: '/app/ok/1' }, '{}')
      t.equal((await client.message()).body.text, 'x', name)
    }
    const ticking = setInterval(() => server.clock.advance(50), 1)
    await server.app.close().finally(() => clearInterval(ticking))
    t.ok(server.log.filter((line) => line.includes('OpenTelemetry failed')).length >= 1, `${name}: the log tells of it`)
    t.same(server.failures, [], name)
  }
  const { PeriodicExportingMetricReader } = await import('@opentelemetry/sdk-metrics')
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const hanging = Object.assign(Object.create(exporter) as typeof exporter, { export () {}, forceFlush: () => new Promise<void>(() => {}), shutdown: () => new Promise<void>(() => {}) })
  const throwing = Object.assign(Object.create(exporter) as typeof exporter, { export: fail })
  for (const each of [hanging, throwing]) {
    const reader = new PeriodicExportingMetricReader({ exporter: each, exportIntervalMillis: 20, exportTimeoutMillis: 10 })
    const server = await traced(t, new SpanStore(), { otel: { meterProvider: new MeterProvider({ readers: [reader] }) }, routes: ({ stomp }) => stomp.message('/m', { sendToSender: '/queue/m' }, () => 'x') })
    const client = await server.connect()
    await client.subscribe('m', '/user/queue/m')
    client.frame('SEND', { destination: '/app/m' }, '{}')
    t.equal((await client.message()).body.text, 'x')
    const ticking = setInterval(() => server.clock.advance(50), 1)
    await server.app.close().finally(() => clearInterval(ticking))
    t.pass('app.close() resolves')
    reader.shutdown().catch(() => {})
  }
})
