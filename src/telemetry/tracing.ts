import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel'
import type { RouteEvent } from './events.ts'

/** The kinds of routes, each with its tracing channel. */
const ROUTES = {
  message: tracingChannel('fastify-sockjs.stomp.message-route'),
  subscribe: tracingChannel('fastify-sockjs.stomp.subscribe-route')
} as const satisfies Readonly<Record<string, TracingChannel<object, object>>>

/** The kind of a route. */
export type RouteKind = keyof typeof ROUTES

/** The headers of a STOMP frame. */
export type TraceHeaders = Map<string, string>

/** The headers of an HTTP request. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Makes spans. `fastify-sockjs/otel` has the one implementation. Its methods run `work` exactly once, and throw nothing of their own. */
export interface Tracer {
  /** Runs CONNECT in a span. `session` stands for the STOMP session, whose later spans refer to this one. */
  connect (session: object, headers: TraceHeaders, request: RequestHeaders | null, work: () => Promise<void>): Promise<void>
  /** Runs a route in a span. */
  process (kind: RouteKind, run: RouteRun, work: () => Promise<void>): Promise<void>
  /** Adds the trace context of the code that runs now to the headers of a message. */
  inject (headers: TraceHeaders): void
}

/** One run of a route. */
export interface RouteRun {
  readonly session: object
  /** The headers of the frame. */
  readonly headers: TraceHeaders
  readonly event: RouteEvent
}

/** The place of the tracer of one STOMP server, and the tracing channels of its routes. */
export class Tracing {
  /** The tracer, `null` while there is none. */
  tracer: Tracer | null = null

  /** Tells whether a run of a route must be reported. Without that, a route runs as if this class were not there. */
  follows (kind: RouteKind): boolean { return this.tracer !== null || ROUTES[kind].hasSubscribers }

  /** Runs a route, tells its channels, and makes its span. */
  run (kind: RouteKind, run: RouteRun, work: () => Promise<void>): Promise<void> {
    const { tracer } = this
    const traced = tracer === null ? work : () => tracer.process(kind, run, work)
    return ROUTES[kind].hasSubscribers ? ROUTES[kind].tracePromise(traced, run.event) : traced()
  }
}
