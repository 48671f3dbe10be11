import type { Clock } from '../core/clock.ts'
import type { Telemetry } from './telemetry.ts'
import type { Tracing } from './tracing.ts'

/** The parts of the SockJS product that a plugin of this package reads from. The application has them under `SOCKJS_REPORTS`. */
export interface SockjsReports {
  readonly clock: Clock
  readonly telemetry: Telemetry
}

/** The parts of the STOMP product that a plugin of this package reads from. The application has them under `STOMP_REPORTS`. */
export interface StompReports {
  readonly tracing: Tracing
  /** The numbers of the STOMP layer, its broker and its bridges. */
  readonly telemetry: Telemetry
}

/** The decorator of an application that has `SockjsReports`. */
export const SOCKJS_REPORTS = Symbol('fastify-sockjs.reports')

/** The decorator of an application that has `StompReports`. */
export const STOMP_REPORTS = Symbol('fastify-sockjs.stomp.reports')
