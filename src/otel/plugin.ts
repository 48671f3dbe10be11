import { trace } from '@opentelemetry/api'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { version } from '../embedded/version.ts'
import { SOCKJS_REPORTS, type SockjsReports, STOMP_REPORTS, type StompReports } from '../telemetry/reports.ts'
import { otelErrors } from './errors.ts'
import { Guard } from './guard.ts'
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
  // The STOMP plugin may be registered later, and in this hook it is there.
  app.addHook('onReady', async () => {
    const tracing = reporting[STOMP_REPORTS]?.tracing
    const { tracerProvider = trace, propagator = null, clientContext = 'parent' } = options
    if (tracing === undefined || tracerProvider === false) return
    const tracer = guard.try('span', () => tracerProvider.getTracer(SCOPE, version))
    if (tracer !== undefined) tracing.tracer = new SpanTracer(tracer, propagator, clientContext, guard)
  })
  app.addHook('onClose', async () => {
    const tracing = reporting[STOMP_REPORTS]?.tracing
    if (tracing !== undefined) tracing.tracer = null
  })
}

/** The plugin. Register it after fastify-sockjs and fastify-sockjs/stomp: `await app.register(sockjsOtel)`. */
export const sockjsOtel = fp(registerOtel, { fastify: '5.x', name: 'fastify-sockjs/otel' })
