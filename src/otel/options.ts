import type { MeterProvider, TextMapPropagator, TracerProvider } from '@opentelemetry/api'
import { type Check, checkOptions, either, expected, oneOf } from '../core/check.ts'
import { otelErrors } from './errors.ts'
import type { ClientContext } from './tracer.ts'

/** The options of `fastify-sockjs/otel`. */
export interface SockjsOtelOptions {
  /** The provider of the tracer, or `false` for no spans. Default: the one that the application has registered with `@opentelemetry/api`. */
  readonly tracerProvider?: TracerProvider | false
  /** The provider of the meter, or `false` for no metrics. Default: the one that the application has registered with `@opentelemetry/api`. */
  readonly meterProvider?: MeterProvider | false
  /** The propagator, which reads and writes headers such as `traceparent`. Default: the one that the application has registered. */
  readonly propagator?: TextMapPropagator
  /** The meaning of the trace context that a client sends. Default `parent`. */
  readonly clientContext?: ClientContext
}

const has = (value: unknown, ...names: readonly string[]): boolean => typeof value === 'object' && value !== null &&
  names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')

const off = oneOf(false)

const CHECKS: Readonly<Record<keyof SockjsOtelOptions, Check>> = {
  tracerProvider: either('a TracerProvider, or false', off, expected((value) => has(value, 'getTracer'), 'a TracerProvider')),
  meterProvider: either('a MeterProvider, or false', off, expected((value) => has(value, 'getMeter'), 'a MeterProvider')),
  propagator: expected((value) => has(value, 'inject', 'extract'), 'a TextMapPropagator'),
  clientContext: oneOf('parent', 'link', 'ignore')
}

/** @throws FST_SOCKJS_OTEL_INVALID_OPTION */
export function checkOtelOptions (options: SockjsOtelOptions): void {
  checkOptions(otelErrors.InvalidOption, 'options', options, CHECKS, { path: '' })
}
