import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Attributes, type Context, context, type Link, ROOT_CONTEXT, type Span, type SpanContext, SpanKind, SpanStatusCode, type TextMapGetter, type TextMapPropagator, trace, type Tracer as OtelTracer
} from '@opentelemetry/api'
import { shorten } from '../core/shorten.ts'
import type { RequestHeaders, RouteKind, RouteRun, TraceHeaders, Tracer } from '../telemetry/tracing.ts'
import { frameHeaders, requestHeaders } from './carriers.ts'
import type { Guard } from './guard.ts'

/**
 * The meaning of the trace context that a client sends.
 *
 * - `parent`: the span of the server belongs to the client's trace;
 * - `link`: the server begins a trace of its own, and its span refers to the client's;
 * - `ignore`: it is not read.
 */
export type ClientContext = 'parent' | 'link' | 'ignore'

/** Reads and writes the headers of a context. The propagator that an application has registered is one. */
export type Propagator = Pick<TextMapPropagator, 'extract' | 'inject'>

/** The most characters of `error.type`. */
const MOST_ERROR_TYPE = 100

/** Makes the spans of one STOMP server, by the conventions of OpenTelemetry for messaging. */
export class SpanTracer implements Tracer {
  readonly #tracer: OtelTracer
  readonly #propagator: Propagator
  readonly #clients: ClientContext
  readonly #guard: Guard
  /** The spans of CONNECT, by session. A message without a context of its own refers to the one of its session. */
  readonly #connects = new WeakMap<object, SpanContext>()
  /** The context of the work that runs, because an application need not have a context manager of OpenTelemetry. */
  readonly #running = new AsyncLocalStorage<Context>()

  constructor (tracer: OtelTracer, propagator: Propagator, clients: ClientContext, guard: Guard) {
    this.#tracer = tracer
    this.#propagator = propagator
    this.#clients = clients
    this.#guard = guard
  }

  connect (session: object, headers: TraceHeaders, request: RequestHeaders | null, work: () => Promise<void>): Promise<void> {
    return this.#run(() => {
      const remote = this.#extract(headers, frameHeaders) ?? (request === null ? undefined : this.#extract(request, requestHeaders))
      const started = this.#start('connect', SpanKind.SERVER, { 'messaging.system': 'stomp', 'messaging.operation.name': 'connect' }, remote, undefined)
      this.#connects.set(session, started.span.spanContext())
      return started
    }, work)
  }

  process (kind: RouteKind, { session, headers, event: { route } }: RouteRun, work: () => Promise<void>): Promise<void> {
    return this.#run(() => this.#start(`process ${route}`, SpanKind.CONSUMER, {
      'messaging.system': 'stomp',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.template': route,
      'stomp.route.kind': kind
    }, this.#extract(headers, frameHeaders), this.#connects.get(session)), work)
  }

  inject (headers: TraceHeaders): void {
    // The application may pass a context on by itself.
    if (headers.has('traceparent')) return
    this.#guard.try('span', () => this.#propagator.inject(this.#active(), headers, frameHeaders))
  }

  /** Finds the context of the code that runs now. That of OpenTelemetry may be a child of ours, and goes first. */
  #active (): Context {
    const active = context.active()
    return trace.getSpanContext(active) === undefined ? this.#running.getStore() ?? active : active
  }

  /** Reads the context of a client. A propagator leaves a malformed one out. */
  #extract<Carrier> (headers: Carrier, getter: TextMapGetter<Carrier>): Context | undefined {
    if (this.#clients === 'ignore') return undefined
    const extracted = this.#propagator.extract(ROOT_CONTEXT, headers, getter)
    return trace.getSpanContext(extracted) === undefined ? undefined : extracted
  }

  #start (name: string, kind: SpanKind, attributes: Attributes, remote: Context | undefined, connect: SpanContext | undefined): { span: Span, within: Context } {
    const parent = remote !== undefined && this.#clients === 'parent' ? remote : ROOT_CONTEXT
    const links: Link[] = []
    const link = parent === ROOT_CONTEXT ? remote === undefined ? connect : trace.getSpanContext(remote) : undefined
    if (link !== undefined) links.push({ context: link })
    const span = this.#tracer.startSpan(name, { kind, attributes, links }, parent)
    return { span, within: trace.setSpan(parent, span) }
  }

  /** Runs work in its span. Where OpenTelemetry fails, the work runs without a span. */
  #run (start: () => { span: Span, within: Context }, work: () => Promise<void>): Promise<void> {
    const started = this.#guard.try('span', start)
    if (started === undefined) return work()
    const { span, within } = started
    let running: Promise<void> | undefined
    const once = (): void => { running ??= work() }
    // Without a context manager of OpenTelemetry, its context does not become active.
    this.#guard.try('span', () => context.with(within, () => context.active() === within ? once() : this.#running.run(within, once)))
    once()
    running!.then(() => this.#end(span), (error: unknown) => this.#end(span, error, true))
    return running!
  }

  #end (span: Span, error?: unknown, failed = false): void {
    this.#guard.try('span', () => {
      if (failed) tellFailure(span, error)
    })
    this.#guard.try('span', () => span.end())
  }
}

/** Marks a span as failed. An error below 500 is a mistake of the client, and not of the server, as in the conventions for HTTP. */
function tellFailure (span: Span, thrown: unknown): void {
  const { code, name, statusCode } = (thrown instanceof Error ? thrown : {}) as { code?: unknown, name?: unknown, statusCode?: unknown }
  const type = [code, name].find((each) => typeof each === 'string' && each !== '') ?? '_OTHER'
  span.setAttribute('error.type', shorten(String(type), MOST_ERROR_TYPE))
  if (typeof statusCode === 'number' && statusCode < 500) return
  if (thrown instanceof Error) span.recordException(thrown)
  span.setStatus({ code: SpanStatusCode.ERROR })
}
