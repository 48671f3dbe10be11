import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { checkOptions, expected } from '../core/check.ts'
import type { Metric } from '../telemetry/metric.ts'
import { CONTENT_TYPES, prometheusFamilies, prometheusText } from '../telemetry/prometheus.ts'
import { SOCKJS_REPORTS, type SockjsReports, STOMP_REPORTS, type StompReports } from '../telemetry/reports.ts'
import { errors } from './errors.ts'

/** The options of `sockjsMetrics`. */
export interface SockjsMetricsOptions {
  /** The path of the route, below the prefix of the scope. Default `/metrics`. */
  path?: string
}

/** The part of a registry of `prom-client` that `collectMetrics` uses. */
export interface MetricsRegistry {
  /** Adds a metric. */
  registerMetric (metric: never): void
}

/** The application with the decorators of both products. */
type Reporting = FastifyInstance & { readonly [SOCKJS_REPORTS]?: SockjsReports, readonly [STOMP_REPORTS]?: StompReports }

const CHECKS = { path: expected((value) => typeof value === 'string' && /^\/[^:*?#\s]*$/.test(value), 'a text that begins with /, without : * ? # or spaces') }

/**
 * Adds a route that shows all instruments to Prometheus.
 *
 * They are those of the SockJS product, and those of STOMP and Kafka where these are registered. The hooks of the scope run, so that a scope can protect the route. It answers in the text format 0.0.4, and in OpenMetrics to a client that accepts it.
 *
 * @throws FST_SOCKJS_INVALID_OPTION, FST_SOCKJS_NOT_REGISTERED
 */
export async function sockjsMetrics (app: FastifyInstance, options: SockjsMetricsOptions): Promise<void> {
  const { prefix: _prefix, logLevel: _level, logSerializers: _serializers, ...own } = options as SockjsMetricsOptions & Record<string, unknown>
  checkOptions(errors.InvalidOption, 'options', own, CHECKS, { path: '', passed: [], hints: {} })
  checkRegistered(app)
  // Scrapes do not belong to the application's own traffic.
  const route = { config: { otel: false, disableMetrics: true }, schema: { hide: true } as object }
  app.get(options.path ?? '/metrics', route, async (request: FastifyRequest, reply: FastifyReply) => {
    const format = request.headers.accept?.includes('application/openmetrics-text') === true ? 'openMetrics' : 'text'
    return reply.header('cache-control', 'no-store').type(CONTENT_TYPES[format]).send(prometheusText(metricsOf(app), format))
  })
}

/**
 * Adds all instruments to a registry of `prom-client`. Their values are read with each scrape.
 *
 * Call it when all plugins of this package are registered. An instrument that no part reports by then is not added.
 *
 * @throws FST_SOCKJS_NOT_REGISTERED; and the error of the registry if it has a metric of one of the names
 */
export function collectMetrics (app: FastifyInstance, registry: MetricsRegistry): void {
  checkRegistered(app)
  for (const { name, type, help } of prometheusFamilies(metricsOf(app))) {
    const family = type === 'counter' ? `${name}_total` : name
    registry.registerMetric({
      name: family,
      help,
      type,
      aggregator: 'sum',
      reset (): void {},
      // The registry may change the name, because OpenMetrics names a counter without its ending.
      async get (this: { name: string }) {
        const samples = prometheusFamilies(metricsOf(app)).find((one) => one.name === name)?.samples ?? []
        return {
          name: this.name,
          help,
          type,
          aggregator: 'sum',
          values: samples.map(({ suffix, labels, value }) => ({ labels: 'le' in labels ? { ...labels, le: boundOf(labels.le) } : labels, value, ...(type === 'histogram' ? { metricName: name + suffix } : {}) }))
        }
      }
    } as never)
  }
}

/** Writes the bound of a bucket as `prom-client` does. */
function boundOf (le: unknown): unknown { return le === Infinity ? '+Inf' : le }

function checkRegistered (app: FastifyInstance): void {
  if (!app.hasDecorator(SOCKJS_REPORTS)) throw new errors.NotRegistered()
}

/** All metrics of the products that are registered now. */
function * metricsOf (app: FastifyInstance): Iterable<Metric> {
  const reporting = app as Reporting
  yield * reporting[SOCKJS_REPORTS]?.telemetry.metrics() ?? []
  yield * reporting[STOMP_REPORTS]?.telemetry.metrics() ?? []
}
