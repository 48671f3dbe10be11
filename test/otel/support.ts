import { type Span, SpanKind, type SpanContext } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { BasicTracerProvider, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { Test } from 'tap'
import sockjsOtel, { type SockjsOtelOptions } from '../../src/otel.ts'
import { buildStomp, type StompTestOptions, type StompTestServer } from '../stomp/support.ts'

export const TRACE = '0af7651916cd43dd8448eb211c80319c'
export const PARENT = 'b7ad6b7169203331'
/** The context of a page, as its OpenTelemetry would write it. */
export const TRACEPARENT = `00-${TRACE}-${PARENT}-01`

/** A provider whose finished spans can be read. */
export class SpanStore {
  readonly exporter = new InMemorySpanExporter()
  readonly provider: BasicTracerProvider

  constructor (...processors: SpanProcessor[]) {
    this.provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.exporter), ...processors] })
  }

  get all (): ReadableSpan[] { return this.exporter.getFinishedSpans() }
  get names (): string[] { return this.all.map(({ name }) => name) }

  find (name: string): ReadableSpan {
    const found = this.all.find((span) => span.name === name)
    if (found === undefined) throw new Error(`no span ${name} among ${this.names.join(', ')}`)
    return found
  }
}

export interface TracedOptions extends Pick<StompTestOptions, 'routes' | 'stomp' | 'sockjs' | 'fastify'> {
  readonly otel?: SockjsOtelOptions
}

/** A server whose spans go to a store. */
export async function traced (t: Test, store: SpanStore, { routes, otel, ...options }: TracedOptions = {}): Promise<StompTestServer> {
  return await buildStomp(t, {
    ...options,
    async routes (app) {
      await app.register(sockjsOtel, { tracerProvider: store.provider, propagator: new W3CTraceContextPropagator(), ...otel })
      await routes?.(app)
    }
  })
}

/** The parts of a span that its tests compare. */
export function shapeOf (span: ReadableSpan): object {
  return {
    kind: SpanKind[span.kind],
    trace: span.spanContext().traceId,
    parent: span.parentSpanContext?.spanId,
    links: span.links.map(({ context }) => context.spanId),
    attributes: span.attributes
  }
}

/** The header that carries the context of a span. */
export function headerOf (span: ReadableSpan | Span): string {
  const { traceId, spanId }: SpanContext = span.spanContext()
  return `00-${traceId}-${spanId}-01`
}
