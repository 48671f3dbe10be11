import { metrics, propagation, trace } from '@opentelemetry/api'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { version } from '../embedded/version.ts'
import { SOCKJS_REPORTS, type SockjsReports, STOMP_REPORTS, type StompReports } from '../telemetry/reports.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import { otelErrors } from './errors.ts'
import { Guard } from './guard.ts'
import { Metering } from './meter.ts'
import { checkOtelOptions, type SockjsOtelOptions } from './options.ts'
import { SpanTracer } from './tracer.ts'

/** The instrumentation scope of all spans and metrics. */
const SCOPE = 'fastify-sockjs'

/** The application with the decorators of both products. */
type Reporting = FastifyInstance & { readonly [SOCKJS_REPORTS]: SockjsReports, readonly [STOMP_REPORTS]?: StompReports }

/** The decorator that marks an application as registered. */
const OTEL = Symbol('fastify-sockjs.otel')

async function registerOtel (app: FastifyInstance, options: SockjsOtelOptions): Promise<void> {
  if (!app.hasDecorator(SOCKJS_REPORTS)) throw new otelErrors.NeedsSockjs()
  if (app.hasDecorator(OTEL)) throw new otelErrors.AlreadyRegistered()
  checkOtelOptions(options)
  app.decorate(OTEL, true)
  const reporting = app as unknown as Reporting
  const guard = new Guard(reporting[SOCKJS_REPORTS].clock, app.log)
  let stop: (() => void)[] = []
  // The STOMP plugin may be registered later than this one, and the providers too. In this hook they are there.
  app.addHook('onReady', async () => {
    const { [SOCKJS_REPORTS]: { telemetry }, [STOMP_REPORTS]: stomp } = reporting
    const sources = stomp === undefined ? [telemetry] : [telemetry, stomp.telemetry]
    stop = [startMetering(sources, options, guard), stomp === undefined ? nothing : startTracing(stomp.tracing, options, guard)]
  })
  app.addHook('onClose', async () => { for (const each of stop) each() })
}

function nothing (): void {}

/** Gives the metrics to OpenTelemetry. Returns the function that ends it. */
function startMetering (sources: readonly Telemetry[], { meterProvider = metrics }: SockjsOtelOptions, guard: Guard): () => void {
  if (meterProvider === false) return nothing
  const meter = guard.try('metric', () => meterProvider.getMeter(SCOPE, version))
  if (meter === undefined) return nothing
  const metering = new Metering(meter, sources, guard)
  metering.start()
  return () => metering.stop()
}

/** Gives the server a tracer. Returns the function that takes it away. */
function startTracing (tracing: Tracing, { tracerProvider = trace, propagator, clientContext = 'parent' }: SockjsOtelOptions, guard: Guard): () => void {
  if (tracerProvider === false) return nothing
  const tracer = guard.try('span', () => tracerProvider.getTracer(SCOPE, version))
  if (tracer === undefined) return nothing
  tracing.tracer = new SpanTracer(tracer, propagator ?? propagation, clientContext, guard)
  return () => { tracing.tracer = null }
}

/** The plugin. Register it after fastify-sockjs and fastify-sockjs/stomp: `await app.register(sockjsOtel)`. */
export const sockjsOtel = fp(registerOtel, { fastify: '5.x', name: 'fastify-sockjs/otel' })
