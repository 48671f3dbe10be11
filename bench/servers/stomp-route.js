// A STOMP server with a route that echoes, followed by `settings.follow`: nothing, the tracing channels, or OpenTelemetry.
import { tracingChannel } from 'node:diagnostics_channel'
import { context, propagation } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { AlwaysOffSampler, BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import Fastify from 'fastify'
import { fromBuild } from './build.js'
import { ready, settings } from './serve.js'

/** Takes the spans, so that the costs are those of the server and the SDK without those of a network. */
const exporter = { export: (_spans, done) => done({ code: 0 }), shutdown: async () => {}, forceFlush: async () => {} }

const meterProvider = () => new MeterProvider({
  readers: [new PeriodicExportingMetricReader({ exporter: new InMemoryMetricExporter(AggregationTemporality.DELTA), exportIntervalMillis: 60_000 })]
})

function tracerProvider (sampler) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  return new BasicTracerProvider({ ...(sampler === undefined ? {} : { sampler }), spanProcessors: [new BatchSpanProcessor(exporter, { maxQueueSize: 1e6, maxExportBatchSize: 5000, scheduledDelayMillis: 50 })] })
}

async function withOtel (app, options) {
  const { default: sockjsOtel } = await fromBuild('otel.js')
  await app.register(sockjsOtel, options)
}

let count = 0
const counting = () => { count++ }

const FOLLOW = {
  nothing () {},
  channels: () => tracingChannel('fastify-sockjs.stomp.message-route').subscribe({ start: counting, end: counting, asyncStart: counting, asyncEnd: counting, error: counting }),
  metrics: (app) => withOtel(app, { meterProvider: meterProvider(), tracerProvider: false }),
  unsampled: (app) => withOtel(app, { meterProvider: meterProvider(), tracerProvider: tracerProvider(new AlwaysOffSampler()) }),
  sampled: (app) => withOtel(app, { meterProvider: meterProvider(), tracerProvider: tracerProvider() })
}

const { default: sockjs } = await fromBuild('index.js')
const { default: stomp, memoryBroker } = await fromBuild('stomp.js')

const app = Fastify()
await app.register(sockjs)
await app.register(stomp, { path: '/stomp', broker: memoryBroker(), endpoint: { origins: '*' } })
await FOLLOW[settings.follow](app)
app.stomp.message('/echo/:id', { body: 'text', sendTo: '/topic/:id' }, ({ body }) => body)
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
ready(app.server.address().port, { count: () => count })
